package settings

// Steps says what the steps of pipelines may do. docs/pipelines.md tells more.
type Steps struct {
	StepHosts []string `env:"BAROGRAPH_STEP_HOSTS" placeholder:"HOST,…" help:"Hosts that HTTP steps of pipelines may call: hooks.example.com[:PORT] or *.example.com, by https and at public addresses; or http://billing.internal:8080, written out with its scheme, at any."`
}
