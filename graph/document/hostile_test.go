package document_test

import (
	"fmt"
	"strings"
)

// A hostile document comes in sizes: the largest that is within the limits is
// the worst of its kind.
type hostile struct {
	name string
	text func(n int) string
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		b.WriteByte(' ')
	}
	return b.String()
}

// a name with a letter for its number, as short as can be.
func hostiles() []hostile {
	return []hostile{
		{"one field repeated", func(n int) string { return "{" + repeat(n, "__typename") + "}" }},
		{"aliases", func(n int) string { return "{" + repeat(n, "a#:__typename") + "}" }},
		{"objects repeated", func(n int) string { return "{" + repeat(n, `weather(city:"x"){id}`) + "}" }},
		{"objects repeated, nested", func(n int) string {
			return "{" + repeat(n, `weather(city:"x"){city{weather{city{weather{id}}}}}`) + "}"
		}},
		{"objects repeated at every level", func(n int) string {
			level := "id"
			for range 4 {
				level = repeat(min(n, 8), "weather{city{"+level+"}}")
			}
			return "{city(name:\"x\"){" + level + "}}"
		}},
		{"inline fragments nested around fields", func(n int) string {
			return "{" + strings.Repeat("...{", n) + repeat(300, "__typename") + strings.Repeat("}", n) + "}"
		}},
		{"inline fragments nested, aliases inside", func(n int) string {
			return "{" + strings.Repeat("...{", n) + repeat(190, "a#:__typename") + strings.Repeat("}", n) + "}"
		}},
		{"inline fragments nested, one field at each level", func(n int) string {
			return "{" + strings.Repeat("...{__typename ", n) + "__typename" + strings.Repeat("}", n) + "}"
		}},
		{"inline fragments in inline fragments", func(n int) string {
			return "{" + repeat(min(n, 99), "...on Query{"+strings.Repeat(`...on Query{weather(city:"x"){id}}`, min(n, 99))+"}") + "}"
		}},
		{"fragments in a chain", func(n int) string {
			return "{...F0}" + repeat(n, "fragment F# on Query{__typename ...G#}") + chain(n)
		}},
		{"fragments spread crosswise", func(n int) string {
			var b strings.Builder
			b.WriteString("{...F0}")
			for i := range n {
				fmt.Fprintf(&b, "fragment F%d on Query{__typename", i)
				for j := i + 1; j < n && b.Len() < 200_000; j++ {
					fmt.Fprintf(&b, " ...F%d", j)
				}
				b.WriteString("}")
			}
			return b.String()
		}},
		{"fragments that overlap, all in one selection", func(n int) string {
			return "{" + repeat(n, "...F#") + "}" + repeat(n, `fragment F# on Query{weather(city:"x"){id latitude longitude units}}`)
		}},
		{"fragments fan out", func(n int) string {
			var b strings.Builder
			b.WriteString(`{weather(city:"x"){...F0}}`)
			for i := range n {
				fmt.Fprintf(&b, "fragment F%d on Weather{...F%d ...F%[2]d}", i, i+1)
			}
			fmt.Fprintf(&b, "fragment F%d on Weather{id}", n)
			return b.String()
		}},
		{"fragments fan out through fields", func(n int) string {
			var b strings.Builder
			b.WriteString(`{weather(city:"x"){...F0}}`)
			for i := range n {
				fmt.Fprintf(&b, "fragment F%d on Weather{a:city{weather{...F%d}} b:city{weather{...F%[2]d}}}", i, i+1)
			}
			fmt.Fprintf(&b, "fragment F%d on Weather{id}", n)
			return b.String()
		}},
		{"a chain of fragments, spread from many fields", func(n int) string {
			return "{" + repeat(150, `a#:weather(city:"x"){...F0}`) + "}" + weatherChain(n, "id latitude longitude units timeZone")
		}},
		{"a chain of fragments with aliases, spread from many fields", func(n int) string {
			return "{" + repeat(90, `a#:weather(city:"x"){...F0}`) + "}" + weatherChain(n, "") + "fragment Z on Weather{" + repeat(100, "b#:id") + "}"
		}},
		{"many operations on a chain of fragments", func(n int) string {
			return repeat(20, "query Q#{...F0}") + repeat(n, "fragment F# on Query{__typename __typename __typename __typename __typename __typename __typename __typename ...G#}") + chain(n)
		}},
		{"many operations on one large fragment", func(n int) string {
			return repeat(20, "query Q#{...F}") + "fragment F on Query{" + repeat(n, `weather(city:"x"){id}`) + "}"
		}},
		{"unknown fields in fragments of many operations", func(n int) string {
			return repeat(20, "query Q#{...F}") + "fragment F on Query{" + repeat(n, `wether#(cty:"x"){idd}`) + "}"
		}},
		{"long unknown names", func(n int) string {
			return "{" + repeat(n, "x#"+strings.Repeat("y", 490)) + "}"
		}},
		{"unknown types with long names", func(n int) string {
			return "{" + repeat(n, "...F#") + "}" + repeat(n, "fragment F# on X"+strings.Repeat("y", 490)+"{id}")
		}},
		{"many variables", func(n int) string {
			return "query(" + repeat(n, "$v#:String!") + "){" + repeat(n, "a#:city(name:$v#){id}") + "}"
		}},
		{"many variables in a fragment of many operations", func(n int) string {
			variables := repeat(60, "$v#:String!")
			return repeat(n, "query Q#("+variables+"){...F}") + "fragment F on Query{" + repeat(60, "a#:city(name:$v#){id}") + "}"
		}},
		{"a long list of names", func(n int) string {
			return "{cities(names:[" + repeat(n, `"x#"`) + "]){id}}"
		}},
		{"a long list of names, in fields that merge", func(n int) string {
			return "{" + repeat(8, "cities(names:["+repeat(n, `"x#"`)+"]){id}") + "}"
		}},
		{"lists within lists", func(n int) string {
			return "{cities(names:" + strings.Repeat("[", n) + strings.Repeat("]", n) + "){id}}"
		}},
		{"lists within lists of JSON", func(n int) string {
			return "mutation{processPayload(input:{payload:{id:" + strings.Repeat("[", 90) + repeat(n, "1") + strings.Repeat("]", 90) + "}}){duplicate}}"
		}},
		{"states, in fragments of fragments", func(n int) string {
			return "{" + repeat(90, "...F#") + "}" + repeat(90, "fragment F# on Query{...G}") + "fragment G on Query{records(filter:{states:[" + repeat(n, "DEAD") + "]}){totalCount}}"
		}},
		{"fields, in fragments of fragments and of operations", func(n int) string {
			return "query Q{" + repeat(80, "...F#") + "}" + repeat(19, "query Q#{...F#}") + repeat(80, "fragment F# on Query{...G}") + `fragment G on Query{city(name:"x"){` + repeat(n, "__typename") + "}}"
		}},
		{"objects, in fragments of fragments and of operations", func(n int) string {
			return "query Q{" + repeat(80, "...F#") + "}" + repeat(19, "query Q#{...F#}") + repeat(80, "fragment F# on Query{...G}") + `fragment G on Query{city(name:"x"){` + repeat(n, "weather") + "}}"
		}},
		{"wrong enum values", func(n int) string {
			return "{weather(city:\"x\",units:\"" + strings.Repeat("M", n*30) + "\"){id}}"
		}},
		{"directives", func(n int) string { return "{" + repeat(n, "__typename @include(if:true)") + "}" }},
		{"introspection repeated", func(n int) string {
			return "{" + repeat(n, "a#:__schema{...S}") + "}fragment S on __Schema{types{name kind fields{name args{name type{name ofType{name}}}}}}"
		}},
		{"interfaces and all that implement them", func(n int) string {
			return `{node(id:"x"){` + repeat(n, "id ...on City{id name}...on Weather{id units}...on Pipeline{id name}...on Record{id state}") + "}}"
		}},
		{"interfaces with fragments below", func(n int) string {
			return `{node(id:"x"){` + repeat(n, "...on City{a:weather{...F}}...on Weather{a:city{weather{...F}}}...on Record{a:city{weather{...F}}}") + "}}fragment F on Weather{" + repeat(90, "id latitude") + "}"
		}},
		{"connections sized one by one", func(n int) string {
			return "{" + repeat(n, "a#:records(first:1#){...F}") + "}fragment F on RecordConnection{" + repeat(60, "nodes{id city{id weather{id}}}") + "}"
		}},
		{"comments", func(n int) string { return "{__typename" + strings.Repeat("#\n", n) + "}" }},
		{"escapes", func(n int) string { return `{weather(city:"` + strings.Repeat(`\u{10FFFF}`, n*3) + `"){id}}` }},
		{"a block string", func(n int) string { return `{weather(city:"""` + strings.Repeat("  x\n", n*9) + `"""){id}}` }},
		{"unclosed selections", func(n int) string { return strings.Repeat("{a", n) }},
		{"a circle of fragments", func(n int) string {
			return "{...F0}" + repeat(n, "fragment F# on Query{__typename ...G#}") + strings.Replace(chain(n), "__typename", "...F0", 1)
		}},
	}
}

// chain makes fragments G0… that lead from F0 to Fn-1.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		if i+1 < n {
			fmt.Fprintf(&b, "fragment G%d on Query{...F%d}", i, i+1)
		} else {
			fmt.Fprintf(&b, "fragment G%d on Query{__typename}", i)
		}
	}
	return b.String()
}

func weatherChain(n int, fields string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Weather{%s ...", i, fields)
		switch {
		case i+1 < n:
			fmt.Fprintf(&b, "F%d}", i+1)
		case fields == "":
			b.WriteString("Z}")
		default:
			b.WriteString("on Weather{id}}")
		}
	}
	return b.String()
}
