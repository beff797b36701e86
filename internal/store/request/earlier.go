package request

// Earlier is what a request about a person, or about an entry of the waitlist, came to. It is kept under the request's
// idempotency key, for its repetition.
type Earlier struct {
	// Subject is the id of the person, if the request was about one; Answer is what else its answer needs.
	Subject, Answer string
}

// Answer is what a request comes to: an error, what it made, or else what read finds now of what an earlier one made.
func Answer[T any](made T, earlier *Earlier, err error, read func(Earlier) (T, error)) (answer T, replayed bool, _ error) {
	switch {
	case err != nil:
		return answer, false, err
	case earlier == nil:
		return made, false, nil
	}
	answer, err = read(*earlier)
	return answer, err == nil, err
}
