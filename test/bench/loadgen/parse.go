package loadgen

import (
	"bytes"
	"fmt"
	"strconv"
)

// parse reads one HTTP/1.1 answer as far as it has arrived. The body of a chunked answer is put together in place,
// so a complete answer can be parsed only once.
func parse(answer []byte) (status int, body []byte, complete bool, err error) {
	end := bytes.Index(answer, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, nil, false, nil
	}
	head, rest := answer[:end+2], answer[end+4:]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) || len(head) < 12 {
		return 0, nil, false, fmt.Errorf("%w: the answer begins with %q", errBroken, head[:min(len(head), 40)])
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, nil, false, fmt.Errorf("%w: status %q", errBroken, head[9:12])
	}
	if length := header(head, "Content-Length"); length != nil {
		n, err := strconv.Atoi(string(length))
		if err != nil || n < 0 || len(rest) > n {
			return 0, nil, false, fmt.Errorf("%w: a body of %d bytes where %q were announced", errBroken, len(rest), length)
		}
		return status, rest, len(rest) == n, nil
	}
	if bytes.Equal(header(head, "Transfer-Encoding"), []byte("chunked")) {
		body, complete, err = chunks(rest)
		return status, body, complete, err
	}
	if len(rest) > 0 || (status != 204 && status != 304) {
		return 0, nil, false, fmt.Errorf("%w: an answer of unknown length", errBroken)
	}
	return status, nil, true, nil
}

// header finds a header by the name that Go's server writes; nil without one.
func header(head []byte, name string) []byte {
	at := bytes.Index(head, []byte("\r\n"+name+": "))
	if at < 0 {
		return nil
	}
	value := head[at+len(name)+4:]
	return value[:bytes.Index(value, []byte("\r\n"))]
}

// chunks puts the chunks of a body together. Only a complete body is moved.
func chunks(rest []byte) (body []byte, complete bool, err error) {
	type span struct{ from, to int }
	var spans []span
	for at := 0; ; {
		line := bytes.Index(rest[at:], []byte("\r\n"))
		if line < 0 {
			return nil, false, nil
		}
		size, err := strconv.ParseUint(string(rest[at:at+line]), 16, 31)
		if err != nil {
			return nil, false, fmt.Errorf("%w: a chunk of size %q", errBroken, rest[at:at+line])
		}
		from := at + line + 2
		to := from + int(size)
		if len(rest) < to+2 {
			return nil, false, nil
		}
		if size > 0 {
			spans = append(spans, span{from, to})
			at = to + 2
			continue
		}
		if len(rest) > to+2 {
			return nil, false, fmt.Errorf("%w: bytes after the last chunk", errBroken)
		}
		for _, s := range spans {
			body = append(body, rest[s.from:s.to]...)
		}
		return body, true, nil
	}
}
