package jsonfile

import "context"

// OpenWithSteps opens a store whose writes go through reach at every step.
func OpenWithSteps(ctx context.Context, options Options, reach func(step string) error) (*Store, error) {
	options.step = func(s step) error { return reach(string(s)) }
	return Open(ctx, options)
}
