package schematest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"
)

// internalError is the code of a bug of the server's.
const internalError = "INTERNAL_SERVER_ERROR"

// Attack gives each argument and input field, one at a time, values that are
// empty, huge, negative, of another type, unknown or malformed. The answer must
// conform to the schema or have errors with a code that is meant for clients.
func (s *Suite) Attack(ctx context.Context) error {
	var ops, sound []operation // what is sent, and the same with nothing wrong in it
	written := make(map[string]bool)
	for _, t := range s.targets() {
		attacks, harmless, err := s.attacks(t, written)
		if err != nil {
			return err
		}
		ops = append(ops, attacks...)
		sound = append(sound, slices.Repeat([]operation{harmless}, len(attacks))...)
	}
	answers := make([][]answer, len(ops))
	failed := make([]error, len(ops))
	var sending errgroup.Group
	sending.SetLimit(4)
	for i, op := range ops {
		sending.Go(func() error {
			if op.root == ast.Subscription {
				answers[i], failed[i] = s.client.provoke(ctx, op, sound[i], s.config.Trigger)
				return nil
			}
			a, err := s.client.post(ctx, op)
			answers[i], failed[i] = []answer{a}, err
			return nil
		})
	}
	_ = sending.Wait() // none of them returns an error
	s.asked += len(ops)
	for i, op := range ops {
		if failed[i] != nil {
			s.fail(op, "no answer: %v", failed[i])
			continue
		}
		for _, a := range answers[i] {
			s.judgeHostile(op, a)
		}
	}
	return ctx.Err()
}

// attacks returns the operations that attack a target, and one that does not.
// Every argument is attacked by variables, and by literals once for its type:
// from validation on, there is no difference.
func (s *Suite) attacks(t target, written map[string]bool) (ops []operation, harmless operation, err error) {
	slots := t.slots()
	base, err := s.values.base(slots)
	if err != nil {
		return nil, operation{}, err
	}
	if harmless, _, err = s.compose(t, base, false, shallow); err != nil {
		return nil, operation{}, err
	}
	for _, slot := range slots {
		values, err := s.hostile(slot.of)
		if err != nil {
			return nil, operation{}, err
		}
		forms := []bool{false}
		if of := slot.of.String(); !written[of] {
			forms, written[of] = []bool{false, true}, true
		}
		for _, v := range values {
			args := maps.Clone(base)
			args[slot.name] = v
			for _, literals := range forms {
				op, ok, err := s.compose(t, args, literals, shallow)
				if err != nil {
					return nil, operation{}, err
				}
				if ok && len(op.text) < literalLimit {
					ops = append(ops, op)
				}
			}
		}
	}
	return ops, harmless, nil
}

// literalLimit is how long a document may be: huge values go into variables.
const literalLimit = 64 << 10

// judgeHostile checks the answer to an operation in which something is wrong.
func (s *Suite) judgeHostile(op operation, a answer) {
	for _, e := range a.Errors {
		switch {
		case e.code() == internalError:
			s.fail(op, "%s at %s: %s", internalError, e.where(), e.Message)
		case !slices.Contains(s.config.Codes, e.code()):
			s.fail(op, "the error at %s has the code %q, which clients do not know", e.where(), e.code())
		case e.Message == "":
			s.fail(op, "the error at %s has no message", e.where())
		}
	}
	if a.Data == nil || isNull(a.Data) && len(a.Errors) > 0 {
		return // nothing was executed
	}
	for _, breach := range s.check(op, a.Data, nil) {
		s.fail(op, "%s", breach)
	}
	for _, e := range a.Errors {
		if !leadsToNull(a.Data, e.Path) {
			s.fail(op, "the error at %s stands where data is", e.where())
		}
	}
}

// leadsToNull reports whether a path ends at a null in data, or at one before.
func leadsToNull(data json.RawMessage, path []any) bool {
	var at any
	if json.Unmarshal(data, &at) != nil {
		return false
	}
	for _, part := range path {
		switch v := at.(type) {
		case map[string]any:
			name, _ := part.(string)
			at = v[name]
		case []any:
			index, _ := part.(float64)
			if int(index) >= len(v) {
				return false
			}
			at = v[int(index)]
		}
	}
	return at == nil
}

// hostile returns values that a type's should not be.
func (s *Suite) hostile(of *ast.Type) ([]any, error) {
	if of.Elem != nil {
		items, err := s.hostile(of.Elem)
		if err != nil {
			return nil, err
		}
		lists := []any{nil, []any{}, "text", map[string]any{}, many(1001, "x"), many(5000, "x"), []any{nil}, []any{[]any{[]any{}}}}
		for _, item := range items {
			lists = append(lists, []any{item})
		}
		return lists, nil
	}
	named := s.config.Schema.Types[of.NamedType]
	if named.Kind != ast.InputObject {
		if named.Kind == ast.Enum {
			return hostileEnum, nil
		}
		if values, ok := hostileScalars[named.Name]; ok {
			return values, nil
		}
		texts := slices.Concat(hostileText, s.config.Hostile)
		if named.BuiltIn {
			return texts, nil // of a String or an ID
		}
		return slices.Concat(texts, hostileJSON), nil
	}
	values := []any{nil, map[string]any{}, "text", 1, []any{}, map[string]any{"unheardOf": 1}}
	slots := inputSlots(named)
	base, err := s.sound(named)
	if err != nil {
		return nil, err
	}
	for _, slot := range slots {
		members, err := s.hostile(slot.of)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			value := maps.Clone(base)
			value[slot.name] = m
			values = append(values, value)
		}
	}
	return values, nil
}

// sound returns a value of an input type with nothing wrong in it: the first that
// is listed, or the required members alone.
func (s *Suite) sound(input *ast.Definition) (map[string]any, error) {
	if listed := s.values.take(input.Name); len(listed) > 0 {
		value, _ := listed[0].(map[string]any)
		return value, nil
	}
	return s.values.base(inputSlots(input))
}
