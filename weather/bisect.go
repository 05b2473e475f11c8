package weather

import (
	"errors"
	"math/bits"
)

// poisonLimit is how many places of one batch are looked for that a provider
// refuses.
const poisonLimit = 8

// isolate asks for the places by one call, or, when the provider will not have
// one of them, by calls for ever smaller halves until that one stands alone.
//
// The larger pieces are asked first: then one bad place of n costs 2⌈log₂n⌉+1
// calls, and a provider that has refused as many and answered none refuses
// everything, and is left alone.
func isolate(places []Place, call func([]Place) ([]Result, error)) []Result {
	type piece struct {
		start, end int
		err        error // of the piece it was halved from
	}
	results := make([]Result, len(places))
	once := 2*bits.Len(uint(len(places)-1)) + 1 // bits.Len(n-1) is ⌈log₂n⌉
	answered := false
	calls := 0
	for queue := []piece{{end: len(places)}}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if calls >= once && !answered || calls >= poisonLimit*once {
			fail(results[p.start:p.end], p.err)
			continue
		}
		calls++
		fetched, err := call(places[p.start:p.end])
		half := (p.start + p.end) / 2
		switch {
		case err == nil:
			answered = true
			copy(results[p.start:p.end], fetched)
		case errors.Is(err, ErrRejected) && half > p.start:
			queue = append(queue, piece{p.start, half, err}, piece{half, p.end, err})
		default:
			fail(results[p.start:p.end], err)
		}
	}
	return results
}

func fail(results []Result, err error) {
	for i := range results {
		results[i].Err = err
	}
}
