// Command probe is a pod for tests: a web server that tells what a pod can
// reach from where it runs.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	dataFile       = "/data/note"
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"
)

func main() {
	handlers := map[string]func(*http.Request) (string, error){
		"/lookup": lookup, "/write": write, "/read": read, "/fetch": fetch, "/api": api, "/user": user, "/healthz": healthz,
	}
	for path, handle := range handlers {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			answer, err := handle(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = io.WriteString(w, answer)
		})
	}
	log.Print("probe listens")
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func healthz(*http.Request) (string, error) { return "ok", nil }

func user(*http.Request) (string, error) { return fmt.Sprint(os.Getuid()), nil }

func lookup(r *http.Request) (string, error) {
	addresses, err := net.DefaultResolver.LookupHost(r.Context(), r.FormValue("name"))
	return strings.Join(addresses, " "), err
}

func write(r *http.Request) (string, error) {
	return "written", os.WriteFile(dataFile, []byte(r.FormValue("text")), 0o600)
}

func read(*http.Request) (string, error) {
	raw, err := os.ReadFile(dataFile)
	return string(raw), err
}

func fetch(r *http.Request) (string, error) {
	return get(http.DefaultClient, r.FormValue("url"), "")
}

// api asks the API server at its Service, as the pod's service account.
func api(*http.Request) (string, error) {
	token, err := os.ReadFile(serviceAccount + "token")
	if err != nil {
		return "", err
	}
	authority, err := os.ReadFile(serviceAccount + "ca.crt")
	if err != nil {
		return "", err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return "", errors.New("no certificate in ca.crt")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return get(client, "https://kubernetes.default/version", string(token))
}

func get(client *http.Client, url, token string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}
