package upstream

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// usualWait is kept where a server says to wait but not how long.
	usualWait    = time.Minute
	shortestWait = time.Second
)

// RetryAfter returns how long a server asks to wait: seconds or a date. What is
// neither, or missing, is a minute. How much of a long wait is kept is left to
// the caller.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > math.MaxInt64/int64(time.Second) {
			return math.MaxInt64 // more digits than any wait needs
		}
		return max(time.Duration(seconds)*time.Second, shortestWait)
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), shortestWait)
	}
	return usualWait
}
