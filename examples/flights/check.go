package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
)

// faultLimit is how many faults are told one by one.
const faultLimit = 5

// A departure is a flight beside the weather of the city it left from, at the
// time at which its record was processed.
type departure struct {
	flight
	weather weather
}

// temperature returns the degrees where the flight left from. It was checked to be there.
func (d departure) temperature() float64 { return *d.weather.Temperature }

// A weather is what the pipeline adds to a flight.
type weather struct {
	City        string   `json:"city"`
	Temperature *float64 `json:"temperature"`
	Condition   string   `json:"condition"`
	Freshness   struct {
		State       string `json:"state"`
		Attribution string `json:"attribution"`
	} `json:"freshness"`
}

// check checks that each payload came back exactly once, as it was sent, with
// what the pipeline makes of it, and that nothing else did. It returns the
// departures in the order of the payloads.
func check(payloads []payload, homes map[string]home, records []record) ([]departure, error) {
	back := make(map[string]record, len(payloads))
	sent := make(map[string]bool, len(payloads))
	for _, p := range payloads {
		sent[p.ID] = true
	}
	var faults []error
	for _, r := range records {
		_, again := back[r.PayloadID]
		switch {
		case !sent[r.PayloadID]:
			faults = append(faults, fmt.Errorf("%s came back and was not sent", r.PayloadID))
		case again:
			faults = append(faults, fmt.Errorf("%s came back twice", r.PayloadID))
		default:
			back[r.PayloadID] = r
		}
	}
	var departures []departure
	for _, p := range payloads {
		r, ok := back[p.ID]
		if !ok {
			faults = append(faults, fmt.Errorf("%s did not come back", p.ID))
			continue
		}
		w, err := r.checkAgainst(p, homes[p.Origin].city)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s, by version %d of the pipeline: %w", p.ID, r.PipelineVersion, err))
			continue
		}
		departures = append(departures, departure{p.flight, w})
	}
	if more := len(faults) - faultLimit; more > 0 {
		faults = append(faults[:faultLimit], fmt.Errorf("and %d more", more))
	}
	return departures, errors.Join(faults...)
}

// checkAgainst checks a record against its payload and the city that it names,
// and returns the weather there.
func (r record) checkAgainst(p payload, from city) (w weather, err error) {
	if r.State != processed {
		return w, fmt.Errorf("the record is %s", r.condition())
	}
	sent, err := sentAs(p)
	if err != nil {
		return w, err
	}
	if got, err := object(r.Payload); err != nil || !reflect.DeepEqual(got, sent) {
		return w, fmt.Errorf("the payload came back as %s", r.Payload)
	}
	switch c := r.City; {
	case c == nil:
		return w, fmt.Errorf("the record has no city, and %s was sent", p.LeftFrom)
	case c.ID != from.ID:
		return w, fmt.Errorf("the record's city is %s, %s, instead of %s", c.ID, c.Name, from.ID)
	}
	if w, err = r.checkResult(p, sent, from); err != nil {
		return w, err
	}
	return w, r.checkAttributes(p, w)
}

// checkResult checks that the result is the payload with what the steps of the
// pipeline add to it, and returns the weather, which is some of that.
func (r record) checkResult(p payload, sent map[string]any, from city) (w weather, err error) {
	result, err := object(r.Result)
	if err != nil {
		return w, fmt.Errorf("the result is %s", r.Result)
	}
	want := maps.Clone(sent)
	want["late"], want["route"], want["weather"] = p.late(), p.Origin+"-"+p.Destination, result["weather"]
	if !reflect.DeepEqual(result, want) {
		return w, fmt.Errorf("the result is %s", r.Result)
	}
	var enriched struct{ Weather *weather }
	switch err := json.Unmarshal(r.Result, &enriched); {
	case err != nil:
		return w, fmt.Errorf("the result is %s: %w", r.Result, err)
	case enriched.Weather == nil:
		return w, fmt.Errorf("the result has no weather for %s", from.Name)
	}
	switch w = *enriched.Weather; {
	case w.City != from.Name:
		return w, fmt.Errorf("the weather is that of %s instead of %s", w.City, from.Name)
	case w.Temperature == nil || w.Condition == "":
		return w, fmt.Errorf("the weather of %s lacks its temperature or condition", w.City)
	}
	return w, nil
}

// checkAttributes checks that the record can be found by what the definition
// declares, and by nothing else.
func (r record) checkAttributes(p payload, w weather) error {
	want := map[string]any{
		"origin": p.Origin, "delay": float64(p.Delay), "distance": float64(p.Distance),
		"late": p.late(), "temperature": *w.Temperature,
	}
	var got map[string]any
	if err := json.Unmarshal(r.Attributes, &got); err != nil || !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the attributes are %s", r.Attributes)
	}
	return nil
}

// sentAs returns a payload as the JSON object it was sent as.
func sentAs(p payload) (map[string]any, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return object(text)
}

// object decodes a JSON object, and leaves its numbers in their digits.
func object(text []byte) (object map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("null")
	}
	return object, nil
}
