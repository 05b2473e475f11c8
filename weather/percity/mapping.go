package percity

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"barograph/weather"
)

// A Mapping says where in an answer our values are.
type Mapping struct {
	// Attribution is the credit that the service's licence asks for.
	Attribution string `yaml:"attribution"`
	// Life is for how long a report is fresh: "10m" unless said.
	Life string `yaml:"life"`

	Time                Field `yaml:"time"` // when it is now, where nothing says
	Temperature         Field `yaml:"temperature"`
	ApparentTemperature Field `yaml:"apparent-temperature"`
	Humidity            Field `yaml:"humidity"`
	Precipitation       Field `yaml:"precipitation"`
	CloudCover          Field `yaml:"cloud-cover"`
	Pressure            Field `yaml:"pressure"`
	WindSpeed           Field `yaml:"wind-speed"`
	WindDirection       Field `yaml:"wind-direction"`
	WindGusts           Field `yaml:"wind-gusts"`
	Code                Field `yaml:"code"`
	Day                 Field `yaml:"day"` // 1 or true by day, 0 or false by night

	lasts time.Duration
}

const usualLife = 10 * time.Minute

// ParseMapping reads a mapping in YAML or JSON, whose every name, pointer and
// unit must be one.
func ParseMapping(text []byte) (Mapping, error) {
	var m Mapping
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.DisallowUnknownField()); err != nil {
		return Mapping{}, fmt.Errorf("per-city mapping: %w", err)
	}
	m.lasts = usualLife
	if m.Life != "" {
		life, err := time.ParseDuration(m.Life)
		if err != nil || life < time.Second || life > 24*time.Hour {
			return Mapping{}, fmt.Errorf("per-city mapping: life: want 1s to 24h, not %q", m.Life)
		}
		m.lasts = life
	}
	var wrong []error
	mapped := false
	for _, f := range m.fields() {
		if err := f.field.check(f.units); err != nil {
			wrong = append(wrong, fmt.Errorf("per-city mapping: %s: %w", f.name, err))
		}
		mapped = mapped || f.target != nil && f.field.At != ""
	}
	if m.Code.At != "" {
		mapped = true
	}
	if !mapped {
		wrong = append(wrong, errors.New("per-city mapping: nothing is mapped"))
	}
	return m, errors.Join(wrong...)
}

func (m *Mapping) life() time.Duration { return m.lasts }

func (m *Mapping) attribution(host string) string {
	if m.Attribution != "" {
		return m.Attribution
	}
	return "Weather data by " + host
}

// A mapped is a field by its name, the units it may have, and which of our
// values it is.
type mapped struct {
	name   string
	field  *Field
	units  units
	target func(*weather.Conditions) *weather.Measure
}

func (m *Mapping) fields() []mapped {
	type c = weather.Conditions
	return []mapped{
		{"time", &m.Time, moments, nil},
		{"temperature", &m.Temperature, temperatures, func(c *c) *weather.Measure { return &c.Temperature }},
		{"apparent-temperature", &m.ApparentTemperature, temperatures, func(c *c) *weather.Measure { return &c.ApparentTemperature }},
		{"humidity", &m.Humidity, shares, func(c *c) *weather.Measure { return &c.Humidity }},
		{"precipitation", &m.Precipitation, depths, func(c *c) *weather.Measure { return &c.Precipitation }},
		{"cloud-cover", &m.CloudCover, shares, func(c *c) *weather.Measure { return &c.CloudCover }},
		{"pressure", &m.Pressure, pressures, func(c *c) *weather.Measure { return &c.Pressure }},
		{"wind-speed", &m.WindSpeed, speeds, func(c *c) *weather.Measure { return &c.WindSpeed }},
		{"wind-direction", &m.WindDirection, angles, func(c *c) *weather.Measure { return &c.WindDirection }},
		{"wind-gusts", &m.WindGusts, speeds, func(c *c) *weather.Measure { return &c.WindGusts }},
		{"code", &m.Code, codes, nil},
		{"day", &m.Day, truths, nil},
	}
}

// conditions reads the conditions out of an answer. An answer without any of
// them is none.
func (m *Mapping) conditions(root any, now time.Time, zone *time.Location) (*weather.Conditions, error) {
	c := &weather.Conditions{Time: now.In(zone), Code: weather.NoCode}
	found := false
	for _, f := range m.fields() {
		if f.target == nil {
			continue
		}
		value, err := f.field.number(root, f.units)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		*f.target(c) = value
		found = found || value.Known()
	}
	var err error
	if c.Code, err = m.Code.code(root); err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	if !found && c.Code == weather.NoCode {
		return nil, errors.New("nothing of what is mapped is in it")
	}
	if c.Daylight, err = m.Day.daylight(root); err != nil {
		return nil, fmt.Errorf("day: %w", err)
	}
	moment, err := m.Time.moment(root)
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	if !moment.IsZero() {
		c.Time = moment.In(zone)
	}
	return c, nil
}

// names returns the names of units, for who wrote another.
func (u units) names() string {
	list := make([]string, len(u))
	for i, unit := range u {
		list[i] = unit.name
	}
	return strings.Join(list, ", ")
}
