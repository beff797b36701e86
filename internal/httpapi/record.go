package httpapi

import "context"

// record is what the outermost middleware learns of a request from the inside.
type record struct {
	keyID   string
	problem *Problem
}

type recordKey struct{}

func withRecord(ctx context.Context, r *record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// note remembers what a request was refused for.
func note(ctx context.Context, problem *Problem) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.problem = problem
	}
}

// noteKey remembers whose key a request came with.
func noteKey(ctx context.Context, id string) {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		r.keyID = id
	}
}
