package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"
)

// faultLimit is how many faults are told one by one.
const faultLimit = 5

// A departure is a flight beside the weather of the city it left from.
type departure struct {
	flight
	weather *weather
}

// temperature returns the degrees where the flight left from. It was checked to be there.
func (d departure) temperature() float64 { return *d.weather.Current.Temperature }

// checked is what the check found in good order.
type checked struct {
	departures []departure // in the order of the payloads
	strangers  int         // records that are none of ours
}

// check checks that each payload came back exactly once, as it was sent, processed,
// and with the weather of its city. Records of other payloads are passed over.
func check(payloads []payload, homes map[string]home, records []record) (checked, error) {
	var found checked
	back := make(map[string]record, len(payloads))
	ours := make(map[string]bool, len(payloads))
	for _, p := range payloads {
		ours[p.ID] = true
	}
	var faults []error
	for _, r := range records {
		_, again := back[r.PayloadID]
		switch {
		case !ours[r.PayloadID]:
			found.strangers++
		case again:
			faults = append(faults, fmt.Errorf("%s came back twice", r.PayloadID))
		default:
			back[r.PayloadID] = r
		}
	}
	for _, p := range payloads {
		r, ok := back[p.ID]
		if !ok {
			faults = append(faults, fmt.Errorf("%s did not come back", p.ID))
			continue
		}
		if err := r.checkAgainst(p, homes[p.Origin].ID); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p.ID, err))
			continue
		}
		found.departures = append(found.departures, departure{p.flight, r.City.Weather})
	}
	if more := len(faults) - faultLimit; more > 0 {
		faults = append(faults[:faultLimit], fmt.Errorf("and %d more", more))
	}
	return found, errors.Join(faults...)
}

// checkAgainst checks a record against its payload and the city that names.
func (r record) checkAgainst(p payload, cityID string) error {
	if r.State != processed {
		return fmt.Errorf("the record is %s", r.State)
	}
	sent, err := sentAs(p)
	if err != nil {
		return err
	}
	if got, err := object(r.Payload); err != nil || !reflect.DeepEqual(got, sent) {
		return fmt.Errorf("the payload came back as %s", r.Payload)
	}
	result, err := object(r.Result)
	if err != nil {
		return fmt.Errorf("the result is %s", r.Result)
	}
	timestamp, _ := result["timestamp"].(string)
	if _, err := time.Parse(time.RFC3339, timestamp); err != nil {
		return fmt.Errorf("the result is %s, without a time of processing", r.Result)
	}
	want := maps.Clone(sent)
	want["status"], want["timestamp"] = "processed", timestamp
	if !reflect.DeepEqual(result, want) {
		return fmt.Errorf("the result is %s", r.Result)
	}
	switch c := r.City; {
	case c == nil:
		return fmt.Errorf("the record has no city, and %s was sent", p.City)
	case c.ID != cityID:
		return fmt.Errorf("the record's city is %s, %s, instead of %s", c.ID, c.Name, cityID)
	case c.Weather == nil || c.Weather.Current == nil:
		return fmt.Errorf("there is no weather for %s", c.Name)
	case c.Weather.Current.Temperature == nil || c.Weather.Current.Condition == "":
		return fmt.Errorf("the weather for %s lacks its temperature or condition", c.Name)
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
