package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// A flight is one object of flights-2k.json.
type flight struct {
	Date        string `json:"date"`     // of departure, by the clocks at the origin, as dateLayout
	Delay       int    `json:"delay"`    // of arrival in minutes, below zero when early
	Distance    int    `json:"distance"` // in miles
	Origin      string `json:"origin"`   // IATA code of an airport
	Destination string `json:"destination"`
}

const dateLayout = "2006/01/02 15:04"

// late is from when on a flight is late, in minutes: as the Department of
// Transportation counts, and the pipeline's definition.
const late = 15

func (f flight) late() bool { return f.Delay >= late }

// An airport is one row of airports.csv.
type airport struct {
	code, name, city, state string
	at                      point
}

// columns are the columns of airports.csv, as its first row names them.
var columns = []string{"iata", "name", "city", "state", "country", "latitude", "longitude"}

// readData reads the flights, and the airports by their codes.
func readData(directory string) (flights []flight, airports map[string]airport, err error) {
	if flights, err = readFile(directory, "flights-2k.json", readFlights); err != nil {
		return nil, nil, err
	}
	airports, err = readFile(directory, "airports.csv", readAirports)
	return flights, airports, err
}

// readFile reads a file of the data directory.
func readFile[T any](directory, name string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(filepath.Join(directory, name)) //nolint:gosec // the user says where the data is
	if err != nil {
		return none, fmt.Errorf("%w (README.md says how to get the data)", err)
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := read(f)
	if err != nil {
		return none, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// readFlights reads a JSON array of flights. A member that is unknown, missing or
// impossible is an error, so that nothing is submitted that the data does not say.
func readFlights(r io.Reader) ([]flight, error) {
	var rows []struct {
		flight
		Delay    *int `json:"delay"` // pointers, since zero is a value of its own
		Distance *int `json:"distance"`
	}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("no flights")
	}
	flights := make([]flight, len(rows))
	for i, row := range rows {
		if row.Delay == nil || row.Distance == nil || row.Origin == "" || row.Destination == "" {
			return nil, fmt.Errorf("flight %d lacks a member", i)
		}
		if _, err := time.Parse(dateLayout, row.Date); err != nil {
			return nil, fmt.Errorf("flight %d: %w", i, err)
		}
		flights[i] = row.flight
		flights[i].Delay, flights[i].Distance = *row.Delay, *row.Distance
	}
	return flights, nil
}

// readAirports reads airports by their codes from CSV.
func readAirports(r io.Reader) (map[string]airport, error) {
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = len(columns)
	header, err := reader.Read()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("the columns are %q instead of %q", header, columns)
	}
	airports := map[string]airport{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return airports, nil
		}
		if err != nil {
			return nil, err
		}
		a := airport{code: row[0], name: row[1], city: row[2], state: row[3]}
		if _, twice := airports[a.code]; twice {
			return nil, fmt.Errorf("airport %s is there twice", a.code)
		}
		if a.at, err = parsePoint(row[5], row[6]); err != nil {
			return nil, fmt.Errorf("airport %s: %w", a.code, err)
		}
		airports[a.code] = a
	}
}

func parsePoint(latitude, longitude string) (p point, err error) {
	if p.Latitude, err = strconv.ParseFloat(latitude, 64); err != nil {
		return p, err
	}
	p.Longitude, err = strconv.ParseFloat(longitude, 64)
	return p, err
}

// originsOf returns the airports that the flights leave from, by code.
func originsOf(flights []flight, airports map[string]airport) ([]airport, error) {
	var codes []string
	for _, f := range flights {
		codes = append(codes, f.Origin)
	}
	slices.Sort(codes)
	var origins []airport
	for _, code := range slices.Compact(codes) {
		a, ok := airports[code]
		if !ok {
			return nil, fmt.Errorf("airport %s, where flights leave from, is not in airports.csv", code)
		}
		origins = append(origins, a)
	}
	return origins, nil
}
