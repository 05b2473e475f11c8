package strictjson_test

import "testing"

// The vectors published with RFC 8785, where numbers are exact decimals instead
// of doubles: 4.50 is 45e-1, and 333333333.33333329 keeps its last digit.
func TestCanonicalFollowsTheVectorsOfRFC8785(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"arrays": {`[
			56,
			{ "d": true, "10": null, "1": [ ] }
		]`, `[56,{"1":[],"10":null,"d":true}]`},
		"french": {`{
			"peach": "This sorting order",
			"péché": "is wrong according to French",
			"pêche": "but canonicalization MUST",
			"sin":   "ignore locale"
		}`, `{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}`},
		"structures": {`{
			"1": {"f": {"f": "hi","F": 5} ,"\n": 56.0},
			"10": { },
			"": "empty",
			"a": { },
			"111": [ {"e": "yes","E": "no" } ],
			"A": { }
		}`, `{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}`},
		"unicode": {`{ "Unnormalized Unicode":"A\u030a" }`, "{\"Unnormalized Unicode\":\"A\u030a\"}"},
		"values": {`{
			"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			"literals": [null, true, false]
		}`, `{"literals":[null,true,false],"numbers":[33333333333333329e-8,1e30,45e-1,2e-3,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		"weird": {`{
			"\u20ac": "Euro Sign",
			"\r": "Carriage Return",
			"\u000a": "Newline",
			"1": "One",
			"\u0080": "Control\u007f",
			"\ud83d\ude02": "Smiley",
			"\u00f6": "Latin Small Letter O With Diaeresis",
			"\ufb33": "Hebrew Letter Dalet With Dagesh",
			"</script>": "Browser Challenge"
		}`, `{"\n":"Newline","\r":"Carriage Return","1":"One","</script>":"Browser Challenge",` + "\"\u0080\":\"Control\u007f\"" +
			`,"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😂":"Smiley",` + "\"\ufb33\"" + `:"Hebrew Letter Dalet With Dagesh"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := canonical(t, c.text)
			if got != c.want {
				t.Errorf("Canonical = %s, want %s", got, c.want)
			}
			if again := canonical(t, got); again != got {
				t.Errorf("Canonical of what is canonical = %s, want %s", again, got)
			}
		})
	}
}
