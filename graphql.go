package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strconv"

	"github.com/alecthomas/kong"

	"barograph/graph"
	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/persisted"
	"barograph/internal/settings"
)

// graphConfig returns what the settings say of GraphQL, which is served at the
// address.
func graphConfig(s settings.GraphQL, address net.Addr, logger *slog.Logger) (graph.Config, error) {
	if err := checkLimits(s); err != nil {
		return graph.Config{}, err
	}
	config := graph.Config{
		Logger:           logger,
		HideSchema:       s.Introspection == "off" || s.Introspection == "auto" && !isLocal(address),
		Limits:           document.Limits(s.Limits),
		CostLimits:       cost.Limits{Total: s.CostLimit, Fields: s.AnswerFieldsLimit},
		ErrorLimit:       s.AnswerErrorsLimit,
		OperationTimeout: s.OperationTimeout,
		Persisted:        persisted.Config{DisableAutomatic: !s.PersistedQueries, Mode: persisted.Mode(s.TrustedDocumentsMode)},
	}
	if s.TrustedDocuments == "" {
		if config.Persisted.Mode == persisted.Require {
			return config, errors.New("trusted-documents-mode is require, and trusted-documents names no manifest")
		}
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

// checkLimits returns an error for a limit that would let nothing through.
func checkLimits(s settings.GraphQL) error {
	if s.CostLimit < 1 || s.AnswerFieldsLimit < 1 || s.AnswerErrorsLimit < 1 || s.OperationTimeout <= 0 {
		return errors.New("cost-limit, answer-fields-limit, answer-errors-limit and operation-timeout must be above zero")
	}
	limits := reflect.ValueOf(s.Limits)
	for i := range limits.NumField() {
		if limits.Field(i).Int() < 1 {
			return fmt.Errorf("the limit of %s must be above zero", limits.Type().Field(i).Name)
		}
	}
	return nil
}

// isLocal reports whether only this machine reaches an address: that is the
// development mode.
func isLocal(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// graphDefaults are the defaults of those settings, which the packages know that
// they are for.
func graphDefaults() kong.Vars {
	vars := kong.Vars{
		"operation_timeout":   graph.DefaultTimeout.String(),
		"answer_errors_limit": strconv.Itoa(graph.DefaultErrorLimit),
		"cost_limit":          strconv.Itoa(cost.Defaults.Total),
		"answer_fields_limit": strconv.Itoa(cost.Defaults.Fields),
	}
	limits := reflect.ValueOf(document.Defaults)
	for i := range limits.NumField() {
		vars["limit_"+limits.Type().Field(i).Name] = strconv.FormatInt(limits.Field(i).Int(), 10)
	}
	return vars
}
