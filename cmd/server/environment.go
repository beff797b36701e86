package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// fromEnvironment sets each flag that was not given from FRONTDESK_<NAME>, if that is set.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "FRONTDESK_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, found := os.LookupEnv(name)
		if !found || flag.Changed || failed != nil {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failed
}
