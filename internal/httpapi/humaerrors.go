package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// huma takes the shape of its errors from two package variables; there is no other way to set it. They are
// set once, before any request, by the only package of the program that uses huma.
func init() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		problem := humaProblem(status, message, errs)
		note(ctx.Context(), problem)
		return problem
	}
}

// humaProblem words what huma found wrong with a request. Values are never repeated: they may be personal.
func humaProblem(status int, message string, errs []error) *Problem {
	switch status {
	case http.StatusBadRequest:
		if len(errs) == 0 {
			return newProblem(status, codeBadRequest, "The request has no body. Send a JSON object.")
		}
		return newProblem(status, codeBadRequest, "The body is not valid JSON. "+sentence(detailOf(errs[0]).Message))
	case http.StatusNotAcceptable:
		return newProblem(status, codeNotAcceptable, "Answers are JSON. Send Accept: application/json, or no Accept at all.")
	case http.StatusRequestTimeout:
		return newProblem(status, codeBodyTimeout, "The body did not arrive in time. Send it again.")
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge(maxBodyBytes)
	case http.StatusUnsupportedMediaType:
		return newProblem(status, codeUnsupportedMediaType, "Bodies are JSON. Send Content-Type: application/json.")
	case http.StatusUnprocessableEntity:
		return validationProblem(errs)
	}
	return serverError(fmt.Errorf("%s: %w", message, errors.Join(errs...)))
}

func bodyTooLarge(limit int64) *Problem {
	problem := newProblem(http.StatusRequestEntityTooLarge, codeBodyTooLarge,
		fmt.Sprintf("The body is too large. Send at most %d bytes.", limit))
	problem.Details["limitBytes"] = limit
	return problem
}

func validationProblem(errs []error) *Problem {
	problem := newProblem(http.StatusUnprocessableEntity, codeValidation, "The request is not valid.")
	for i, err := range errs {
		field, message := wording(detailOf(err))
		if i == 0 {
			problem.Message = fmt.Sprintf("The request is not valid: %s: %s", field, message)
		}
		problem.addField(field, message)
	}
	return problem
}

func detailOf(err error) *huma.ErrorDetail {
	if detailer, ok := err.(huma.ErrorDetailer); ok {
		return detailer.ErrorDetail()
	}
	return &huma.ErrorDetail{Message: err.Error()}
}

var missingProperty = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// wording says which field a detail is about and what is wrong with it. huma reports a missing property at the
// object that lacks it; callers look for the property.
func wording(detail *huma.ErrorDetail) (field, message string) {
	if missing := missingProperty.FindStringSubmatch(detail.Message); missing != nil {
		return fieldOf(detail.Location + "." + missing[1]), "It is required."
	}
	return fieldOf(detail.Location), sentence(detail.Message)
}

// fieldOf turns huma's location into the name that a caller knows: "body.customer.phone" into
// "customer.phone", "query.limit" into "limit".
func fieldOf(location string) string {
	for _, prefix := range []string{"body.", "query.", "path.", "header."} {
		if field, found := strings.CutPrefix(location, prefix); found {
			return field
		}
	}
	return location
}

// sentence makes huma's lower-case fragments read like the rest, and hides the names of Go types.
func sentence(message string) string {
	if message == "" || strings.HasPrefix(message, "json: ") {
		return "It has the wrong type."
	}
	return strings.ToUpper(message[:1]) + strings.TrimSuffix(message[1:], ".") + "."
}
