package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// structure checks a document that has been parsed and not validated: names may
// stand for nothing, and fragments go in circles.
func (l Limits) structure(document *ast.QueryDocument) *gqlerror.Error {
	// Their number first: all that follows walks them.
	if excess := check("operations", len(document.Operations), l.Operations); excess != nil {
		return excess
	}
	if excess := check("fragments", len(document.Fragments), l.Fragments); excess != nil {
		return excess
	}
	c := counter{fragments: map[string]*fragment{}}
	for _, definition := range document.Fragments {
		if c.fragments[definition.Name] == nil { // the first of a name counts, as for the validation
			c.fragments[definition.Name] = &fragment{definition: definition}
		}
	}
	var (
		deepest, widest, variables int
		bodies                     []*body
	)
	for _, operation := range document.Operations {
		c.in = &body{spreads: map[*fragment]bool{}}
		variables = max(variables, len(operation.VariableDefinitions))
		for _, variable := range operation.VariableDefinitions {
			c.directives(variable.Directives)
			if variable.DefaultValue != nil {
				c.value(variable.DefaultValue)
			}
		}
		c.directives(operation.Directives)
		e := c.selections(operation.SelectionSet)
		bodies = append(bodies, c.in)
		deepest, widest = max(deepest, e.depth), max(widest, e.fields)
	}
	for _, definition := range document.Fragments { // also those that no operation reaches
		deepest = max(deepest, c.fragment(definition.Name).depth)
		bodies = append(bodies, c.fragments[definition.Name].body)
	}
	for _, excess := range []*gqlerror.Error{
		check("variables", variables, l.Variables),
		check("depth", deepest, l.Depth),
		check("rootFields", widest, l.RootFields),
		check("aliases", c.aliases, l.Aliases),
		check("directives", c.total, l.Directives),
		check("directivesPerLocation", c.perLocation, l.DirectivesPerLocation),
		check("validationSteps", validationSteps(bodies), l.ValidationSteps),
	} {
		if excess != nil {
			return excess
		}
	}
	return nil
}

// An extent is how far a selection goes, through its fragments.
type extent struct {
	depth  int // of fields within fields
	fields int // on its own level
}

func (e extent) and(other extent) extent {
	return extent{max(e.depth, other.depth), min(e.fields+other.fields, Most)}
}

// A counter counts each selection of a document once: what a fragment comes to
// is remembered.
type counter struct {
	fragments                   map[string]*fragment
	in                          *body // of the definition that is being counted
	aliases, total, perLocation int
}

type fragment struct {
	definition *ast.FragmentDefinition
	body       *body  // nil before it is entered
	extent     extent // zero while it is being counted, so that a circle ends; that is not valid anyway
}

func (c *counter) selections(set ast.SelectionSet) (e extent) {
	for _, selection := range set {
		c.in.size++
		switch s := selection.(type) {
		case *ast.Field:
			c.arguments(s.Arguments)
			if s.Alias != s.Name {
				c.aliases++
			}
			c.directives(s.Directives)
			below := c.selections(s.SelectionSet)
			e = e.and(extent{below.depth + 1, 1})
		case *ast.InlineFragment:
			c.directives(s.Directives)
			e = e.and(c.selections(s.SelectionSet))
		case *ast.FragmentSpread:
			c.directives(s.Directives)
			if f := c.fragments[s.Name]; f != nil {
				c.in.spreads[f] = true
			}
			e = e.and(c.fragment(s.Name))
		}
	}
	return e
}

func (c *counter) fragment(name string) extent {
	f := c.fragments[name]
	if f == nil {
		return extent{}
	}
	if f.body == nil {
		f.body = &body{spreads: map[*fragment]bool{}}
		around := c.in
		c.in = f.body
		c.directives(f.definition.Directives)
		f.extent = c.selections(f.definition.SelectionSet)
		c.in = around
	}
	return f.extent
}

func (c *counter) directives(list ast.DirectiveList) {
	c.total += len(list)
	c.perLocation = max(c.perLocation, len(list))
	for _, d := range list {
		c.arguments(d.Arguments)
	}
}

func (c *counter) arguments(list ast.ArgumentList) {
	for _, a := range list {
		c.value(a.Value)
	}
}

func (c *counter) value(v *ast.Value) {
	c.in.size++
	for _, child := range v.Children {
		c.value(child.Value)
	}
}
