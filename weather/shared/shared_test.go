package shared_test

import (
	"context"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"barograph/internal/redislink/redistest"
	"barograph/weather"
	"barograph/weather/shared"
	"barograph/weather/zone"
)

var (
	everything = weather.Need{Current: true, Hours: 2, Days: 1, AirQuality: true}
	oslo       = weather.Place{Latitude: 59.91273, Longitude: 10.74609, TimeZone: "Europe/Oslo"}
	quito      = weather.Place{Latitude: -0.22985, Longitude: -78.52495, TimeZone: "America/Guayaquil"}
)

// report returns one with all there is to report.
func report(t *testing.T, place weather.Place) *weather.Report {
	t.Helper()
	at, err := zone.Load(place.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	fetched := time.Now().UTC().Round(0)
	hour := fetched.In(at).Truncate(time.Hour)
	index, none := 21.0, 0.0
	conditions := weather.Conditions{Time: hour, Temperature: 0, WindSpeed: 12.5, Pressure: 1013, Code: weather.NoCode, Daylight: weather.Daytime}
	source := weather.Source{Provider: "fake", Attribution: "nobody"}
	return &weather.Report{
		Place: place, Source: source, FetchedAt: fetched, ExpiresAt: fetched.Add(15 * time.Minute), Current: &conditions,
		Hourly: []weather.Hour{{Conditions: conditions, PrecipitationProbability: 5}, {Conditions: conditions}},
		Daily:  []weather.Day{{Date: zone.Day(2026, time.June, 15, at), Sunrise: hour, TemperatureMax: 20}},
		AirQuality: &weather.AirQuality{
			Time: hour, EuropeanAQI: &index, PM25: &none, Source: source, FetchedAt: fetched, ExpiresAt: fetched.Add(time.Hour),
		},
	}
}

// A log holds what is logged.
type log struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// failures returns how often Redis failed otherwise than by taking too long, which it
// may on a busy machine.
func (l *log) failures() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "gone") && !strings.Contains(line, "timeout") && !strings.Contains(line, "deadline exceeded") {
			n++
		}
	}
	return n
}

func open(t *testing.T, url, scope string) (*shared.Cache, *log) {
	t.Helper()
	l := &log{}
	c, err := shared.Open(t.Context(), shared.Config{URL: url, Scope: scope, Now: time.Now, Logger: slog.New(slog.NewTextHandler(l, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, l
}

func look(t *testing.T, c *shared.Cache, need weather.Need, places ...weather.Place) []*weather.Report {
	t.Helper()
	return c.Find(t.Context(), "fake", places, need)
}

// find looks in a Redis that is up, and again if it took too long.
func find(t *testing.T, c *shared.Cache, need weather.Need, places ...weather.Place) []*weather.Report {
	t.Helper()
	for {
		redistest.Until(t, "Redis is up", c.Up)
		if found := look(t, c, need, places...); c.Up() {
			return found
		}
	}
}

// keep returns when a cache has what it was given, in a Redis that is up.
func keep(t *testing.T, c *shared.Cache, r *weather.Report, need weather.Need) {
	t.Helper()
	for kept := false; !kept; {
		redistest.Until(t, "Redis is up", c.Up)
		c.Keep("fake", []*weather.Report{r}, need)
		redistest.Until(t, "the report is kept, or Redis took too long", func() bool {
			kept = look(t, c, need, r.Place)[0] != nil
			return kept || !c.Up()
		})
	}
}

func TestWhatOneNodeKeepsAnotherFinds(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	one, _ := open(t, s.URL(), "")
	other, _ := open(t, s.URL(), "")
	want := report(t, oslo)
	keep(t, one, want, everything)
	got := find(t, other, everything, quito, oslo)
	if got[0] != nil || !reflect.DeepEqual(got[1], want) {
		t.Errorf("found %v and %+v, want nothing and %+v", got[0], got[1], want)
	}
	for need, found := range map[weather.Need]bool{
		{Current: true}: true, {AirQuality: true}: true, {Hours: 2}: true, {Hours: 3}: false, {Days: 2, AirQuality: true}: false,
	} {
		if r := find(t, other, need, oslo)[0]; (r != nil) != found {
			t.Errorf("for %+v, found %+v", need, r)
		}
	}
	if r := other.Find(t.Context(), "another", []weather.Place{oslo}, everything)[0]; r != nil {
		t.Errorf("of another provider, found %+v", r)
	}
	stranger, _ := open(t, s.URL(), "other providers")
	if r := find(t, stranger, everything, oslo)[0]; r != nil {
		t.Errorf("who asks other providers found %+v", r)
	}
}

func TestWhatIsNotKnownIsKeptAsSuch(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	c, _ := open(t, s.URL(), "")
	r := report(t, oslo)
	r.Current.Humidity = weather.Missing
	keep(t, c, r, everything)
	if got := find(t, c, everything, oslo)[0].Current; !math.IsNaN(float64(got.Humidity)) || got.Temperature != 0 || got.Code != weather.NoCode {
		t.Errorf("current = %+v", got)
	}
}

func TestReportsGoWhenTheyAreOfNoUse(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	c, _ := open(t, s.URL(), "")
	keep(t, c, report(t, oslo), weather.Need{Current: true})
	client := s.Client(t)
	for _, key := range reports(t, client) {
		if life := client.TTL(t.Context(), key).Val(); life <= 6*time.Hour || life > 6*time.Hour+15*time.Minute {
			t.Errorf("%s has %v to live, want the time to its expiry and six hours", key, life)
		}
	}
}

// reports returns the keys of what is kept.
func reports(t *testing.T, client *redis.Client) (keys []string) {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*:fake:*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("keys = %v, %v", keys, err)
	}
	return keys
}

func TestGarbageIsNotFoundAndOverwritten(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	c, l := open(t, s.URL(), "")
	r := report(t, oslo)
	keep(t, c, r, everything)
	client := s.Client(t)
	keys := reports(t, client)
	whole := client.Get(t.Context(), keys[0]).Val()
	forever, elsewhere := report(t, oslo), report(t, oslo)
	forever.ExpiresAt = time.Now().AddDate(100, 0, 0)
	elsewhere.Source.Provider = "another"
	for _, garbage := range []string{"", "\xff", "null", whole[:len(whole)/2], strings.Repeat("a", 1<<20)} {
		for _, key := range keys {
			client.Set(t.Context(), key, garbage, 0)
		}
		if got := find(t, c, everything, oslo)[0]; got != nil {
			t.Errorf("in %.20q it found %+v", garbage, got)
		}
		keep(t, c, r, everything)
	}
	for _, lie := range []*weather.Report{forever, elsewhere} {
		c.Keep("fake", []*weather.Report{lie}, everything)
		redistest.Until(t, "the lie is not believed", func() bool { return find(t, c, everything, oslo)[0] == nil })
		keep(t, c, r, everything)
	}
	for _, key := range keys { // of another type
		client.Del(t.Context(), key)
		client.LPush(t.Context(), key, "a")
	}
	if got := find(t, c, everything, oslo)[0]; got != nil {
		t.Errorf("in a list it found %+v", got)
	}
	keep(t, c, r, everything)
	if n := l.failures(); n != 0 {
		t.Errorf("garbage counts as a failure of Redis, %d times", n)
	}
}

func TestARedisThatFailsCostsOneLookupAndIsTriedAgainBesideTheWork(t *testing.T) {
	t.Parallel()
	for name, fail := range redistest.Outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.New(t)
			s.Up(t)
			c, l := open(t, s.URL(), "")
			r := report(t, oslo)
			keep(t, c, r, everything)
			gone, back := l.count("gone"), l.count("back")
			fail.Down(t, s)

			start := time.Now()
			var all sync.WaitGroup
			for range 100 { // more than there are connections
				all.Go(func() { look(t, c, everything, oslo) })
			}
			all.Wait()
			if took := time.Since(start); took > time.Second { // 40 ms, on a machine that has time
				t.Errorf("who was looking when it failed waited for %v", took)
			}
			start = time.Now()
			for range 1000 {
				look(t, c, everything, oslo)
				c.Keep("fake", []*weather.Report{r}, everything)
			}
			if took := time.Since(start); took > 2*time.Second { // at 40 ms each, it would be 40 s
				t.Errorf("1 000 further lookups took %v", took)
			}
			if l.count("gone") != gone+1 || l.count("back") != back {
				t.Errorf("it is gone, and the log says:\n%s", l.text.String())
			}

			fail.Back(t, s)
			redistest.Until(t, "it is back", func() bool { return l.count("back") > back })
			redistest.Until(t, "reports are kept again", func() bool {
				c.Keep("fake", []*weather.Report{r}, everything)
				return look(t, c, everything, oslo)[0] != nil
			})
		})
	}
}

func TestARedisThatIsNotThereAtTheStartMayComeLater(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	c, l := open(t, s.URL(), "")
	if r := look(t, c, everything, oslo)[0]; r != nil || l.count("gone") != 1 {
		t.Errorf("found %+v, and the log says:\n%s", r, l.text.String())
	}
	s.Up(t)
	redistest.Until(t, "it has come", func() bool { return l.count("back") == 1 })
	keep(t, c, report(t, oslo), everything)
}

func TestAnOperationThatGivesUpSaysNothingOfRedis(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	c, l := open(t, s.URL(), "")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if r := c.Find(gone, "fake", []weather.Place{oslo}, everything)[0]; r != nil {
		t.Errorf("found %+v", r)
	}
	keep(t, c, report(t, oslo), everything)
	if n := l.failures(); n != 0 {
		t.Errorf("Redis is gone, %d times", n)
	}
}

func TestAURLThatIsMalformedIsAnErrorWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis.example:6379", "http://:hunter2@redis.example", "redis://:hunter2@%zz", "redis://:hunter2@host/zero"} {
		c, err := shared.Open(t.Context(), shared.Config{URL: url, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			c.Close()
			t.Errorf("%s opens", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error has its password: %v", url, err)
		}
	}
}
