package allowance_test

import (
	"encoding/json"
	"testing"

	"barograph/graph/allowance"
)

func TestWhatIsToldIsWrittenAsItsTagsSay(t *testing.T) {
	t.Parallel()
	for _, told := range []allowance.Told{
		{},
		{Requested: 8000, Actual: 12, Throttle: allowance.Throttle{Maximum: 100_000, Available: 99_988, Rate: 25_000}},
		{Requested: 1, Actual: 1, Throttle: allowance.Throttle{Maximum: 1 << 40, Available: -1, Rate: 0.5}},
	} {
		want, err := json.Marshal(told)
		if err != nil {
			t.Fatal(err)
		}
		if got := told.AppendJSON([]byte("before")); string(got) != "before"+string(want) {
			t.Errorf("it is written %s, want %s", got, want)
		}
	}
}
