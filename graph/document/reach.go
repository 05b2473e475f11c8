package document

// A body is what one definition of a document has in itself.
type body struct {
	size    int // in selections and values
	spreads map[*fragment]bool
}

// validationSteps returns how much the validation has to look at: it walks from
// each operation and from each fragment, through all fragments that are reached
// from there.
func validationSteps(bodies []*body) (steps int) {
	for _, b := range bodies {
		reached := map[*body]bool{b: true}
		for waiting := []*body{b}; len(waiting) > 0; {
			last := len(waiting) - 1
			next := waiting[last]
			waiting = waiting[:last]
			steps += next.size
			for f := range next.spreads {
				if !reached[f.body] {
					reached[f.body] = true
					waiting = append(waiting, f.body)
				}
			}
		}
	}
	return min(steps, Most)
}
