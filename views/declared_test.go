package views

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/token"
)

// TestDeclaredLengthsAreBounded: a body that says it is larger than an operation takes is refused at once, at every
// operation: nobody waits for it, and who asks before sending it is not told to go on.
func TestDeclaredLengthsAreBounded(t *testing.T) {
	connected(t, func(f *fixture, dial func() connection) {
		bearer, asked := f.token("usr_1", token.Roles()...), 0
		f.operations(func(method, path string, op *huma.Operation) {
			kind := "application/json"
			if strings.HasSuffix(path, "/codes") {
				kind = "text/csv"
			}
			for _, length := range []int64{op.MaxBodyBytes + 1, 99_999_999_999} {
				for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
					asked++
					began, conn := time.Now(), dial()
					fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n",
						method, target(path), bearer, kind, expect, length)
					first := make([]byte, 1)
					_, _ = io.ReadFull(conn, first)
					took := time.Since(began) // what comes of a small body after the answer is read for a while, so that its client sees the answer
					rest, _ := io.ReadAll(conn)
					_ = conn.Close()
					answer := string(first) + string(rest)
					if !strings.HasPrefix(answer, "HTTP/1.1 413 ") || !strings.Contains(answer, "\r\nConnection: close\r\n") || !strings.Contains(answer, `"code":"too_large"`) ||
						took >= time.Second || time.Since(began) > 20*time.Second {
						t.Errorf("%s %s with %d bytes to come, after %v: %.200s", method, path, length, took, answer)
					}
				}
			}
			conn := dial() // as much as it takes is waited for
			fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", method, target(path), bearer, kind, op.MaxBodyBytes)
			got, _ := io.ReadAll(conn)
			if _ = conn.Close(); !strings.HasPrefix(string(got), "HTTP/1.1 408 ") {
				t.Errorf("%s %s with %d bytes to come: %.200s", method, path, op.MaxBodyBytes, got)
			}
		})
		if asked < 250 {
			t.Errorf("only %d", asked)
		}
	})
}
