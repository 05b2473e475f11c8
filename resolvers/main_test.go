package resolvers_test

import (
	"testing"

	"barograph/internal/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }
