package expression

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// meterNode makes a node of CEL's plan count its work. It has a say in every
// node as that is made, those within it first.
func meterNode(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	switch i := i.(type) {
	case *attribute, *node, *call:
		return i, nil
	case interpreter.InterpretableConst:
		return i, nil // no longer than the expression
	case interpreter.InterpretableAttribute:
		return &attribute{i}, nil
	case interpreter.InterpretableCall:
		do, err := function(i)
		if do == nil || err != nil {
			return &node{i, surcharge(i)}, err
		}
		return &call{i, do}, nil
	}
	return &node{i, 0}, nil
}

// meterOf returns the meter of the evaluation that a frame belongs to.
func meterOf(frame *interpreter.ExecutionFrame) *meter {
	found, _ := frame.ResolveName(meterName)
	m, ok := found.(*meter)
	if !ok {
		panic("an expression is evaluated without a meter")
	}
	return m
}

// An attribute is a node that finds a variable, a member or an item.
type attribute struct {
	interpreter.InterpretableAttribute
}

// Exec evaluates the node.
func (a *attribute) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	m := meterOf(frame)
	m.work(1)
	value := a.InterpretableAttribute.Exec(frame)
	if text, is := value.(types.String); is {
		m.text(len(text)) // for whoever reads it
	}
	return value
}

// Eval evaluates the node.
func (a *attribute) Eval(vars interpreter.Activation) ref.Val {
	return a.Exec(interpreter.AsFrame(vars))
}

// A node is any other node that CEL evaluates itself.
type node struct {
	interpreter.InterpretableV2
	surcharge int
}

// Exec evaluates the node.
func (n *node) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	m := meterOf(frame)
	m.work(1 + n.surcharge)
	return m.owned(n.InterpretableV2.Exec(frame))
}

// Eval evaluates the node.
func (n *node) Eval(vars interpreter.Activation) ref.Val { return n.Exec(interpreter.AsFrame(vars)) }

// owned counts a value that has been made, and returns it as one of this
// package's, which count what is done with them.
func (m *meter) owned(value ref.Val) ref.Val {
	switch value := value.(type) {
	case types.String:
		m.text(len(value))
	case types.Bytes:
		m.text(len(value))
	case *list, *object, traits.MutableLister, traits.MutableMapper: // the latter two are those of a macro at work
	case traits.Lister:
		return copied(m, value)
	case traits.Mapper:
		return m.objectOf(value)
	}
	return value
}

// objectOf returns an object of the members that a map of CEL's has, by name.
func (m *meter) objectOf(made traits.Mapper) ref.Val {
	o := &object{meter: m, read: true}
	for names := made.Iterator(); names.HasNext() == types.True; {
		m.work(1)
		name, ok := names.Next().(types.String)
		if !ok {
			return types.NewErr("the names of an object's members are strings")
		}
		value, _ := made.Find(name)
		o.set(string(name), element{made: value})
	}
	o.sort()
	return o
}

// A call is a function of this package's, or one of CEL's that it bounds.
type call struct {
	interpreter.InterpretableCall
	do func(*meter, []ref.Val) ref.Val
}

// Exec evaluates the call.
func (c *call) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	m := meterOf(frame)
	m.work(1)
	nodes := c.Args()
	args := make([]ref.Val, len(nodes))
	for i, n := range nodes {
		if args[i] = n.Exec(frame); types.IsUnknownOrError(args[i]) {
			return args[i]
		}
	}
	return m.owned(c.do(m, args))
}

// Eval evaluates the call.
func (c *call) Eval(vars interpreter.Activation) ref.Val { return c.Exec(interpreter.AsFrame(vars)) }
