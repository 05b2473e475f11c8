package main

import (
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestEnsurePipelineMakesAVersionOnlyOfAnotherDefinition(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.New(t)
	g := newGateway(gateway.URL, 1)
	t.Cleanup(g.close)
	ensure := func(version int, became string) {
		t.Helper()
		p, how, err := ensurePipeline(t.Context(), g)
		if err != nil || p.Version != version || how != became {
			t.Errorf("got version %d, %s, and %v, want %d, %s", p.Version, how, err, version, became)
		}
	}
	ensure(1, "new")
	ensure(1, "as it was")
	var data struct {
		UpdatePipeline struct{ Pipeline struct{ Version int } }
	}
	gateway.Data(t, `mutation { updatePipeline(input: {name: "flights", definition: {city: "payload.origin"}}) { pipeline { version } } }`, nil, &data)
	ensure(3, "changed")
	ensure(3, "as it was")
}

func TestEnsurePipelineTellsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	url := spoiling(t, gatewaytest.New(t).URL, createPipeline, func(data map[string]any) {
		data["createPipeline"] = map[string]any{"problems": []any{
			map[string]any{"code": "DEFINITION_INVALID", "message": "no step", "field": []any{"input", "definition", "steps"}},
		}}
	})
	g := newGateway(url, 1)
	t.Cleanup(g.close)
	_, _, err := ensurePipeline(t.Context(), g)
	want := "create pipeline flights: DEFINITION_INVALID: no step at input.definition.steps"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
