package main

import (
	// What a host or an image may lack: the zones of the world, and whom to trust in TLS. Those of the machine win.
	_ "time/tzdata"

	_ "golang.org/x/crypto/x509roots/fallback"
)
