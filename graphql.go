package main

import (
	"fmt"
	"log/slog"
	"reflect"
	"strconv"

	"github.com/alecthomas/kong"

	"barograph/auth/token"
	"barograph/graph"
	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/persisted"
	"barograph/graph/transport"
	"barograph/internal/settings"
)

// graphConfig returns what the settings say of GraphQL, which is served to those
// who are let in.
func graphConfig(s settings.Settings, who *identity, logger *slog.Logger) (graph.Config, error) {
	config := graph.Config{
		Logger:           logger,
		HideSchema:       !who.inForce(s.Introspection),
		Federation:       s.Federation,
		Limits:           document.Limits(s.Limits),
		CostLimits:       cost.Limits{Total: s.CostLimit, Fields: s.AnswerFieldsLimit},
		ErrorLimit:       s.AnswerErrorsLimit,
		OperationTimeout: s.OperationTimeout,
		Persisted:        persisted.Config{DisableAutomatic: !s.PersistedQueries, Mode: persisted.Mode(s.TrustedDocumentsMode)},
		HTTP: transport.HTTP{
			BodyLimit: s.BodyLimit, BatchLimit: s.BatchLimit,
			Origins: transport.Origins{Listed: s.CORSOrigins}, RequirePreflight: s.RequirePreflight,
		},
		WebSocket: transport.WebSocketConfig{
			Connections: s.Connections, Operations: s.Operations,
			MessageBytes: s.MessageBytes, MessageRate: s.MessageRate,
		},
	}
	if s.TrustedDocuments == "" {
		return config, nil
	}
	trusted, err := persisted.Open(s.TrustedDocuments)
	if err != nil {
		return config, err
	}
	config.Persisted.Trusted = trusted
	if err := graph.CheckTrusted(config); err != nil {
		return config, fmt.Errorf("%s: %w", s.TrustedDocuments, err)
	}
	return config, nil
}

// graphDefaults are the defaults of those settings, which the packages know that
// they are for.
func graphDefaults() kong.Vars {
	vars := kong.Vars{
		"operation_timeout":   graph.DefaultTimeout.String(),
		"answer_errors_limit": strconv.Itoa(graph.DefaultErrorLimit),
		"cost_limit":          strconv.Itoa(cost.Defaults.Total),
		"answer_fields_limit": strconv.Itoa(cost.Defaults.Fields),
		"body_limit":          strconv.Itoa(transport.DefaultBodyLimit),
		"batch_limit":         strconv.Itoa(transport.DefaultBatchLimit),
		"jwt_roles_claim":     token.DefaultRolesClaim,
		"jwt_pipelines_claim": token.DefaultPipelinesClaim,
		"jwt_leeway":          token.DefaultLeeway.String(),
	}
	limits := reflect.ValueOf(document.Defaults)
	for i := range limits.NumField() {
		vars["limit_"+limits.Type().Field(i).Name] = strconv.FormatInt(limits.Field(i).Int(), 10)
	}
	return vars
}
