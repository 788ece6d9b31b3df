package cas

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sizeVariable is the variable that says how much a user's store may hold.
const sizeVariable = "DEVLOOP_REUSE_SIZE"

// Default opens this user's store: $XDG_CACHE_HOME/devloop/reuse, or where the system has such things.
func Default() (*Store, error) {
	limit := int64(2 << 30)
	if text := os.Getenv(sizeVariable); text != "" {
		var ok bool
		if limit, ok = parseSize(text); !ok {
			return nil, fmt.Errorf("%s=%s is no size: write for example 10GiB or 500MiB", sizeVariable, text)
		}
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return Open(filepath.Join(dir, "devloop", "reuse"), limit)
}

// parseSize reads a number with a unit: KiB, MiB, GiB or TiB.
func parseSize(text string) (bytes int64, ok bool) {
	for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if number, found := strings.CutSuffix(text, unit); found {
			one := int64(1) << (10 * (i + 1))
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			return n * one, err == nil && n > 0 && n <= math.MaxInt64/one
		}
	}
	return 0, false
}
