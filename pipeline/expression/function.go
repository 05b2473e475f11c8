package expression

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// functions declares what is beyond CEL's own: merge, sum, join, and arithmetic
// between integers and doubles.
func functions() []cel.EnvOption {
	object, texts, numbers := cel.MapType(cel.StringType, cel.DynType), cel.ListType(cel.StringType), cel.ListType(cel.DynType)
	options := []cel.EnvOption{
		cel.Function("merge", cel.Overload("merge_map_map", []*cel.Type{object, object}, object)),
		cel.Function("sum", cel.Overload("sum_list", []*cel.Type{numbers}, cel.DynType)),
		cel.Function("join",
			cel.MemberOverload("list_join", []*cel.Type{texts}, cel.StringType),
			cel.MemberOverload("list_join_string", []*cel.Type{texts, cel.StringType}, cel.StringType)),
	}
	for _, operator := range arithmetic {
		options = append(options, cel.Function(operator,
			cel.Overload(operator+"int_double", []*cel.Type{cel.IntType, cel.DoubleType}, cel.DoubleType),
			cel.Overload(operator+"double_int", []*cel.Type{cel.DoubleType, cel.IntType}, cel.DoubleType)))
	}
	return options
}

// function returns what a call does where CEL's own way is not to be had or not
// bounded, and nil where it is.
func function(c interpreter.InterpretableCall) (func(*meter, []ref.Val) ref.Val, error) {
	switch c.Function() {
	case "merge":
		return merge, nil
	case "sum":
		return sum, nil
	case "join":
		return join, nil
	case "replace":
		return replace, nil
	case operators.Add:
		if accumulates(c) {
			return nil, nil
		}
		return add, nil
	case operators.Subtract:
		return between(func(a, b ref.Val) ref.Val {
			return operate(a, b, func(a traits.Subtractor, b ref.Val) ref.Val { return a.Subtract(b) })
		}), nil
	case operators.Multiply:
		return between(func(a, b ref.Val) ref.Val {
			return operate(a, b, func(a traits.Multiplier, b ref.Val) ref.Val { return a.Multiply(b) })
		}), nil
	case operators.Divide:
		return between(func(a, b ref.Val) ref.Val {
			return operate(a, b, func(a traits.Divider, b ref.Val) ref.Val { return a.Divide(b) })
		}), nil
	case matchesFunction:
		return matches(c)
	}
	return nil, nil
}

// accumulates reports whether a call is a macro's own, that adds an item to its
// list in place.
func accumulates(c interpreter.InterpretableCall) bool {
	attr, is := c.Args()[0].(interpreter.InterpretableAttribute)
	if !is {
		return false
	}
	name, is := attr.Attr().(interpreter.NamespacedAttribute)
	return is && slices.Contains(name.CandidateVariableNames(), "@result")
}

// surcharge is what a call costs beyond what its arguments and result tell.
func surcharge(c interpreter.InterpretableCall) int {
	if strings.HasPrefix(c.Function(), "get") && len(c.Args()) == 2 {
		return 1000 // a time zone is looked up
	}
	return 0
}

// merge returns an object of the members of both, the second one's first choice.
func merge(m *meter, args []ref.Val) ref.Val {
	a, isObject := args[0].(*object)
	b, isToo := args[1].(*object)
	if !isObject || !isToo {
		return types.NewErr("merge takes two objects, not %s and %s", inWords(args[0].Type()), inWords(args[1].Type()))
	}
	a.open()
	b.open()
	m.work(len(a.all) + len(b.all))
	both := &object{meter: m, read: true, names: slices.Clone(a.names), all: slices.Clone(a.all)}
	for i, name := range b.names {
		both.set(name, b.all[i])
	}
	return both
}

// sum returns the sum of numbers: 0 of none.
func sum(m *meter, args []ref.Val) ref.Val {
	all, ok := args[0].(traits.Lister)
	if !ok {
		return types.NewErr("sum takes a list, not %s", inWords(args[0].Type()))
	}
	var total ref.Val = types.IntZero
	for each := copied(m, all).Iterator(); each.HasNext() == types.True; {
		item := each.Next()
		switch item.(type) {
		case types.Int, types.Double, types.Uint:
			total = add(m, []ref.Val{total, item})
		case *types.Err:
			return item
		default:
			return types.NewErr("sum takes numbers, not %s", inWords(item.Type()))
		}
		if types.IsError(total) {
			return total
		}
	}
	return total
}

// add is +. What a macro has made in place is copied before anything is added,
// since other places may still look at it.
func add(m *meter, args []ref.Val) ref.Val {
	a, b := alike(args[0], args[1])
	switch a := a.(type) {
	case types.String:
		if b, is := b.(types.String); is {
			m.text(len(a) + len(b)) // before it is made
		}
	case traits.MutableLister:
		return copied(m, a).Add(b)
	}
	return operate(a, b, func(a traits.Adder, b ref.Val) ref.Val { return a.Add(b) })
}

func between(do func(a, b ref.Val) ref.Val) func(*meter, []ref.Val) ref.Val {
	return func(_ *meter, args []ref.Val) ref.Val { return do(alike(args[0], args[1])) }
}

func operate[T any](a, b ref.Val, do func(T, ref.Val) ref.Val) ref.Val {
	able, ok := a.(T)
	if !ok {
		return types.NewErr("%s does not take part in arithmetic", inWords(a.Type()))
	}
	result := do(able, b)
	if failed, is := result.(*types.Err); is && failed.Error() == "no such overload" {
		return types.NewErr("%s and %s do not go together in arithmetic", inWords(a.Type()), inWords(b.Type()))
	}
	return result
}

// exactly is up to where a double tells every integer.
const exactly = 1 << 53

// alike makes a double of an integer beside one, as JSON does not tell them apart.
func alike(a, b ref.Val) (x, y ref.Val) {
	if n, is := a.(types.Int); is && b.Type() == types.DoubleType {
		return double(n), b
	}
	if n, is := b.(types.Int); is && a.Type() == types.DoubleType {
		return a, double(n)
	}
	return a, b
}

func double(n types.Int) ref.Val {
	if n > exactly || n < -exactly {
		return types.NewErr("the number %d has more digits than can be counted with exactly", int64(n))
	}
	return types.Double(n)
}

// join returns strings, one after the other, with a separator between.
func join(m *meter, args []ref.Val) ref.Val {
	all, ok := args[0].(traits.Lister)
	separator := types.String("")
	if len(args) > 1 {
		separator, _ = args[1].(types.String)
	}
	if !ok {
		return types.NewErr("join is for lists")
	}
	var out strings.Builder
	list := copied(m, all)
	for i := range list.all {
		m.work(1)
		item := list.all[i].value(m)
		text, is := item.(types.String)
		switch {
		case types.IsError(item):
			return item
		case !is:
			return types.NewErr("join takes strings, not %s", inWords(item.Type()))
		case i > 0:
			out.WriteString(string(separator))
		}
		if size := out.Len() + len(text) + len(separator); size > StringLimit {
			m.text(size) // before it is made
		}
		out.WriteString(string(text))
	}
	return types.String(out.String())
}

// replace returns a text with others in the place of some, all or at most so many.
func replace(m *meter, args []ref.Val) ref.Val {
	text, ok := args[0].(types.String)
	before, okToo := args[1].(types.String)
	after, okAsWell := args[2].(types.String)
	times := -1
	if len(args) > 3 {
		n, is := args[3].(types.Int)
		if !is {
			return types.MaybeNoSuchOverloadErr(args[3])
		}
		times = int(min(max(n, -1), math.MaxInt32))
	}
	if !ok || !okToo || !okAsWell {
		return types.NewErr("replace is for strings")
	}
	found := strings.Count(string(text), string(before))
	if times >= 0 {
		found = min(found, times)
	}
	m.text(len(text) + found*max(len(after)-len(before), 0)) // before it is made
	return types.String(strings.Replace(string(text), string(before), string(after), times))
}

const (
	patternLimit = 1000 // bytes
	planLimit    = 1000 // instructions, each of which may be tried at each character
	patternShare = 4    // of those trials, as a shift: 16 of them are one unit
)

// compilePattern returns a regular expression and how large it is.
func compilePattern(pattern string) (*regexp.Regexp, int, error) {
	if len(pattern) > patternLimit {
		return nil, 0, fmt.Errorf("the pattern has %d bytes, and %d are allowed", len(pattern), patternLimit)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, 0, fmt.Errorf("the pattern is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	plan, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(plan.Inst) > planLimit {
		return nil, 0, errors.New("the pattern is too complex")
	}
	compiled, err := regexp.Compile(pattern)
	return compiled, len(plan.Inst), err
}

// matches reports whether a text has a part that is as a pattern says.
func matches(c interpreter.InterpretableCall) (func(*meter, []ref.Val) ref.Val, error) {
	args := c.Args()
	written, is := args[len(args)-1].(interpreter.InterpretableConst)
	if !is {
		return nil, errors.New("the pattern of matches must be written out")
	}
	pattern, size, err := compilePattern(fmt.Sprint(written.Value().Value()))
	if err != nil {
		return nil, err
	}
	return func(m *meter, args []ref.Val) ref.Val {
		text, is := args[0].(types.String)
		if !is {
			return types.NewErr("matches is for strings, not %s", inWords(args[0].Type()))
		}
		m.work(len(text) * size >> patternShare)
		return types.Bool(pattern.MatchString(string(text)))
	}, nil
}
