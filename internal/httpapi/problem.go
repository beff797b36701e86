package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// The codes of errors that arise before or around the domain. Codes are part of the API: they never change.
const (
	codeBadRequest           = "BAD_REQUEST"
	codeMissingKey           = "MISSING_API_KEY"
	codeInvalidKey           = "INVALID_API_KEY"
	codeForbidden            = "INSUFFICIENT_PERMISSIONS"
	codeNotFound             = "NOT_FOUND"
	codeMethodNotAllowed     = "METHOD_NOT_ALLOWED"
	codeNotAcceptable        = "NOT_ACCEPTABLE"
	codeBodyTimeout          = "BODY_TIMEOUT"
	codeBodyTooLarge         = "BODY_TOO_LARGE"
	codeUnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
	codeValidation           = "VALIDATION_ERROR"
	codeRateLimited          = "RATE_LIMIT_EXCEEDED"
	codeClientClosed         = "CLIENT_CLOSED_REQUEST"
	codeServerError          = "SERVER_ERROR"
	codeTimeout              = "TIMEOUT"
)

const contentTypeJSON = "application/json"

// statusClientClosed is what the log and the metrics show when the client went away. It is never received.
const statusClientClosed = 499

// Problem is the body of every error.
type Problem struct {
	OK      bool    `json:"ok" doc:"Always false." example:"false"`
	Message string  `json:"error" doc:"What is wrong and what to do, for people." example:"That time has just been taken. Offer one of the alternatives."`
	Code    string  `json:"code" doc:"What is wrong, for programs. Codes never change." example:"SLOT_TAKEN"`
	Details Details `json:"details" doc:"More about this error; which properties there are depends on the code."`

	status  int
	headers http.Header
	cause   error
}

// Error, GetStatus and GetHeaders make a Problem an error that huma writes as it is.
func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.status }

// GetHeaders returns headers that go with the error.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// Unwrap returns what happened inside, for the log only.
func (p *Problem) Unwrap() error { return p.cause }

// Details are an error's machine-readable facts.
type Details map[string]any

// FieldProblem says what is wrong with one field of the request.
type FieldProblem struct {
	Field   string `json:"field" doc:"Path of the field, such as customer.phone." example:"customer.phone"`
	Message string `json:"message" doc:"What is wrong with it." example:"\"123\" is not a phone number. Send it with its country code, like +442079460000."`
}

// Schema describes the properties that several codes share.
func (Details) Schema(registry huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:                 huma.TypeObject,
		AdditionalProperties: true,
		Properties: map[string]*huma.Schema{
			"fields":       registry.Schema(typeOf[[]FieldProblem](), true, "FieldProblems"),
			"conflicts":    registry.Schema(typeOf[[]DateConflict](), true, "DateConflicts"),
			"alternatives": registry.Schema(typeOf[[]Slot](), true, "Alternatives"),
		},
	}
}

func newProblem(status int, code, message string) *Problem {
	return &Problem{Message: message, Code: code, Details: Details{}, status: status}
}

func (p *Problem) addField(field, message string) {
	fields, _ := p.Details["fields"].([]FieldProblem)
	p.Details["fields"] = append(fields, FieldProblem{Field: field, Message: message})
}

func (p *Problem) withHeader(name, value string) *Problem {
	if p.headers == nil {
		p.headers = http.Header{}
	}
	p.headers.Set(name, value)
	return p
}

func (p *Problem) withCause(err error) *Problem {
	p.cause = err
	return p
}

// invalidField is a fault in one field that the API itself, not the domain, finds.
func invalidField(field, message string) *Problem {
	problem := newProblem(http.StatusUnprocessableEntity, codeValidation, message)
	problem.addField(field, message)
	return problem
}

// problemOf decides what a caller learns of an error.
func problemOf(ctx context.Context, err error) *Problem {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem
	}
	if refused, ok := errors.AsType[*booking.Error](err); ok && refused.Code != booking.CodeStorageUnavailable {
		return domainProblem(ctx, refused)
	}
	if limited, ok := errors.AsType[*auth.LimitedError](err); ok {
		seconds := int(math.Ceil(limited.RetryAfter.Seconds()))
		return newProblem(http.StatusTooManyRequests, codeRateLimited, "Too many failed attempts. Wait, then try again with a valid API key.").
			withHeader("Retry-After", strconv.Itoa(seconds))
	}
	switch {
	case errors.Is(err, auth.ErrMissingKey):
		return newProblem(http.StatusUnauthorized, codeMissingKey, "An API key is needed. Send it in the header X-API-Key.").
			withHeader("WWW-Authenticate", "Bearer")
	case errors.Is(err, auth.ErrInvalidKey):
		return newProblem(http.StatusUnauthorized, codeInvalidKey, "The API key is not valid. It may have been revoked.").
			withHeader("WWW-Authenticate", "Bearer")
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusGatewayTimeout, codeTimeout, "The request took too long. Try again; send the same Idempotency-Key if it makes or changes something.").
			withCause(err)
	case errors.Is(ctx.Err(), context.Canceled):
		return newProblem(statusClientClosed, codeClientClosed, "The client closed the request.").withCause(err)
	case errors.Is(err, booking.ErrStorageFull):
		return domainProblem(ctx, booking.StorageFull(err))
	case booking.CodeOf(err) == booking.CodeStorageUnavailable, errors.Is(err, booking.ErrUnavailable):
		return unavailable(string(booking.CodeStorageUnavailable), "Bookings cannot be read or made right now. Try again shortly.").withCause(err)
	}
	return serverError(err)
}

// serverError is a fault of ours; the cause goes to the log only.
func serverError(cause error) *Problem {
	return newProblem(http.StatusInternalServerError, codeServerError, "Something went wrong on our side. Try again; if it stays, report the X-Correlation-ID.").withCause(cause)
}

// unavailable is a problem that is expected to pass.
func unavailable(code, message string) *Problem {
	const retryAfter = 2 * time.Second
	return newProblem(http.StatusServiceUnavailable, code, message).
		withHeader("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
}

// domainStatus gives the statuses that are not 422.
var domainStatus = map[booking.Code]int{
	booking.CodeNotFound:             http.StatusNotFound,
	booking.CodeSlotTaken:            http.StatusConflict,
	booking.CodeLimitReached:         http.StatusConflict,
	booking.CodeTooLateToCancel:      http.StatusConflict,
	booking.CodeAlreadyCancelled:     http.StatusConflict,
	booking.CodeNotCancellable:       http.StatusConflict,
	booking.CodeTooLateToReschedule:  http.StatusConflict,
	booking.CodeHoldExpired:          http.StatusConflict,
	booking.CodeSeriesConflict:       http.StatusConflict,
	booking.CodeWrongStatus:          http.StatusConflict,
	booking.CodeNotStarted:           http.StatusConflict,
	booking.CodeWaitlistClosed:       http.StatusConflict,
	booking.CodeNoOffer:              http.StatusConflict,
	booking.CodeVersionConflict:      http.StatusPreconditionFailed,
	booking.CodeBusinessOnly:         http.StatusForbidden,
	booking.CodeConfigurationMissing: http.StatusServiceUnavailable,
	booking.CodeStorageFull:          http.StatusInsufficientStorage,
	lead.CodeVersionMismatch:         http.StatusPreconditionFailed,
	lead.CodeInvalidTransition:       http.StatusConflict,
	lead.CodeNumberTaken:             http.StatusConflict,
	lead.CodeOptedOut:                http.StatusConflict,
	lead.CodeBodyTooLarge:            http.StatusRequestEntityTooLarge,
}

func domainProblem(ctx context.Context, refused *booking.Error) *Problem {
	status, found := domainStatus[refused.Code]
	if !found {
		status = http.StatusUnprocessableEntity
	}
	problem := newProblem(status, string(refused.Code), refused.Message).withCause(refused.Unwrap())
	for name, value := range refused.Details {
		problem.Details[name] = value
	}
	if refused.Field != "" {
		problem.addField(refused.Field, refused.Message)
	}
	if refused.Alternatives != nil {
		problem.Details["alternatives"] = slotViews(refused.Alternatives, tenant.FromContext(ctx).Location)
	}
	if refused.Repeated {
		problem = problem.withHeader(replayedHeader, "true")
	}
	if refused.Conflicts != nil {
		problem.Details["conflicts"] = conflictViews(refused.Conflicts, tenant.FromContext(ctx).Location)
	}
	return problem
}

// writeProblem answers a request that does not reach huma.
func writeProblem(w http.ResponseWriter, r *http.Request, problem *Problem) {
	note(r.Context(), problem)
	for name, values := range problem.headers {
		w.Header()[name] = values
	}
	writeJSON(w, problem.status, problem)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", contentTypeJSON)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	// The status is sent: a failure now means that the client is gone, and there is nobody to tell.
	_ = encoder.Encode(body)
}
