package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"barograph/gazetteer"
)

// A query is what callers ask.
type query struct{ name, body string }

const weather = `query($n:[String!]!){cities(names:$n){name weather{current{temperature}}}}`

func queries() []query {
	return []query{
		{"`{__typename}`", asked(`{__typename}`, nil)},
		{"1 cached city", asked(weather, map[string]any{"n": cities(1)})},
		{"100 cached cities", asked(weather, map[string]any{"n": cities(100)})},
	}
}

func asked(query string, variables map[string]any) string {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // of strings alone
	}
	return string(body)
}

// cities returns the names of cities that there are.
func cities(n int) (names []string) {
	all, err := gazetteer.Open()
	if err != nil {
		panic(err) // it is built in
	}
	for i := 0; len(names) < n; i++ {
		names = append(names, all.Nearest(float64(i*17%120-60), float64(i*37%360-180)).Key())
	}
	return names
}

// load asks a gateway for some time and returns how many requests it answers a
// second. Callers write what was made once and read what they must: they share the
// processors with the gateway.
func load(ctx context.Context, g gateway, body string, callers int, length time.Duration) (float64, error) {
	credential := ""
	if g.key != "" {
		credential = "Authorization: Bearer " + g.key + "\r\n"
	}
	request := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", credential, len(body), body)
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var answered atomic.Int64
	var running errgroup.Group
	for range callers {
		running.Go(func() error { return call(ctx, g.address, request, &answered) })
	}
	start := time.Now()
	err := running.Wait()
	return float64(answered.Load()) / time.Since(start).Seconds(), err
}

func call(ctx context.Context, address, request string, answered *atomic.Int64) error {
	conn, err := net.Dial("tcp", address) //nolint:noctx // of this machine
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to do about it
	reader := bufio.NewReaderSize(conn, 64<<10)
	for ctx.Err() == nil {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || strings.Contains(string(text[:min(len(text), 40)]), "errors") {
			return fmt.Errorf("answered %d %.200s", response.StatusCode, text)
		}
		answered.Add(1)
	}
	return nil
}
