package redistest

import "testing"

func TestRestartKeepsTheAddressAndLosesTheData(t *testing.T) {
	t.Parallel()
	server, other := Start(t), Start(t)
	client := server.Client()
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := other.Client().Exists(t.Context(), "key").Val(); n != 0 {
		t.Error("two servers share their keys")
	}
	server.Halt()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a halted server answers")
	}
	server.Boot()
	if n, err := client.Exists(t.Context(), "key").Result(); n != 0 || err != nil {
		t.Errorf("after a restart: %d, %v; want an empty server at the same address", n, err)
	}
}
