package itr_test

import (
	"testing"

	"lisplab/lispcore/enginetest"
)

func TestScenarios(t *testing.T) { enginetest.Scenarios(t) }
