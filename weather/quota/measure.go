package quota

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Observe publishes what is left of a provider's quota, for as long as the
// program runs.
func (m *Meter) Observe(provider string) error {
	meter := otel.Meter("barograph/weather/quota")
	left, err := meter.Float64ObservableGauge("barograph.weather.quota.left",
		metric.WithDescription("What is left of a provider's quota, by window: minute, hour, day."))
	if err != nil {
		return err
	}
	label := func(window string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("provider", provider), attribute.String("window", window)))
	}
	minute, hour, day := label("minute"), label("hour"), label("day")
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		l := m.Left()
		o.ObserveFloat64(left, l.Minute, minute)
		o.ObserveFloat64(left, l.Hour, hour)
		o.ObserveFloat64(left, l.Day, day)
		return nil
	}, left)
	return err
}
