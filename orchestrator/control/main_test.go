//go:build linux || darwin || freebsd

package control

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test binary a loop that is there to be killed.
const childEnv = "DEVLOOP_TEST_CLAIM"

func TestMain(m *testing.M) {
	config := os.Getenv(childEnv)
	if config == "" {
		goleak.VerifyTestMain(m)
		return
	}
	c, err := Acquire(config)
	if err == nil {
		_, err = c.Serve(http.NotFoundHandler())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("serving")
	select {}
}
