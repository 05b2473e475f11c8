package wire

import (
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
)

// MarshalRawJSON writes a JSON value as it is, null where there is none.
func MarshalRawJSON(value json.RawMessage) graphql.ContextMarshaler {
	if len(value) == 0 {
		value = json.RawMessage("null")
	}
	return graphql.ContextWriterFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(value)
		return err
	})
}

// UnmarshalRawJSON reads a JSON value. By the time a literal in the document
// gets here as v, its numbers have become doubles; so a literal is read again
// from the document, where they still have every digit.
func UnmarshalRawJSON(ctx context.Context, v any) (json.RawMessage, error) {
	if literal := argumentLiteral(ctx); literal != nil {
		v = exact(literal, graphql.GetOperationContext(ctx).Variables)
	}
	text, err := strictjson.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(err, fault.BadInput, "not a JSON value")
	}
	if err := strictjson.Check(text); err != nil {
		return nil, fault.Wrap(err, fault.BadInput, "not a JSON value to be accepted: %v", err)
	}
	return text, nil
}

// argumentLiteral returns the part of the document that the value being read
// comes from, or nil if it comes from a variable.
func argumentLiteral(ctx context.Context) *ast.Value {
	field := graphql.GetFieldContext(ctx)
	if field == nil || field.Field.Field == nil {
		return nil
	}
	path := inputPath(ctx)
	if len(path) == 0 {
		return nil
	}
	argument := field.Field.Arguments.ForName(path[0])
	if argument == nil {
		return nil
	}
	variables := graphql.GetOperationContext(ctx).Variables
	value := defaulted(argument.Value, variables)
	for _, name := range path[1:] {
		if value == nil || value.Kind == ast.Variable {
			return nil
		}
		value = defaulted(child(value, name), variables)
	}
	if value == nil || value.Kind == ast.Variable {
		return nil
	}
	return value
}

// defaulted returns the default of a variable that the request did not give,
// and any other value as it is. What a request gives has its numbers as text, so
// that it never equals what has been made of a default with numbers in it.
func defaulted(value *ast.Value, variables map[string]any) *ast.Value {
	if value == nil || value.Kind != ast.Variable || value.VariableDefinition == nil || value.VariableDefinition.DefaultValue == nil {
		return value
	}
	preset := value.VariableDefinition.DefaultValue
	if lossy, err := preset.Value(nil); err != nil || !reflect.DeepEqual(variables[value.Raw], lossy) {
		return value
	}
	return preset
}

// inputPath returns where in the arguments the value being read stands. The
// path that gqlgen keeps leads from there up to the field.
func inputPath(ctx context.Context) []string {
	var path []string
	for at := graphql.GetPathContext(ctx); at != nil; at = at.Parent {
		switch {
		case at.Field != nil:
			path = append(path, *at.Field)
		case at.Index != nil:
			path = append(path, strconv.Itoa(*at.Index))
		}
	}
	slices.Reverse(path)
	return path
}

func child(value *ast.Value, name string) *ast.Value {
	switch value.Kind {
	case ast.ObjectValue:
		return value.Children.ForName(name)
	case ast.ListValue:
		if i, err := strconv.Atoi(name); err == nil && i < len(value.Children) {
			return value.Children[i].Value
		}
	}
	return nil
}

// exact returns the value of a literal with its numbers as they are written.
func exact(value *ast.Value, variables map[string]any) any {
	switch value.Kind {
	case ast.IntValue, ast.FloatValue:
		return json.Number(value.Raw)
	case ast.ListValue:
		list := make([]any, len(value.Children))
		for i, item := range value.Children {
			list[i] = exact(defaulted(item.Value, variables), variables)
		}
		return list
	case ast.ObjectValue:
		object := make(map[string]any, len(value.Children))
		for _, member := range value.Children {
			item := defaulted(member.Value, variables)
			if item.Kind == ast.Variable {
				if given, ok := variables[item.Raw]; ok {
					object[member.Name] = given
				}
				continue
			}
			object[member.Name] = exact(item, variables)
		}
		return object
	}
	plain, err := value.Value(variables)
	if err != nil {
		return nil // only numbers can fail, and they are read above
	}
	return plain
}
