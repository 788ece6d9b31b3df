package testenv

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Seeds adds the inputs in an archive to a fuzz target. An entry has an argument a line, as `go test -fuzz` writes it
// below its first line, and a name that says what is in it.
func Seeds(f *testing.F, archive string) {
	f.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		f.Fatal(err)
	}
	seen := map[string]bool{}
	for _, entry := range a.Files {
		if seen[entry.Name] {
			f.Fatalf("%s: two entries are called %s", archive, entry.Name)
		}
		seen[entry.Name] = true
		args, err := arguments(string(entry.Data))
		if err != nil {
			f.Fatalf("%s: %s: %v", archive, entry.Name, err)
		}
		f.Add(args...)
	}
}

// arguments reads a value a line, such as string("a") or int(3).
func arguments(text string) (args []any, err error) {
	for line := range strings.Lines(text) {
		value, err := argument(line)
		if err != nil {
			return nil, fmt.Errorf("%.60q: %w", line, err)
		}
		args = append(args, value)
	}
	return args, nil
}

func argument(line string) (any, error) {
	expr, err := parser.ParseExpr(line)
	if err != nil {
		return nil, err
	}
	call, ok := expr.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, fmt.Errorf("want a conversion, such as string(\"a\")")
	}
	kind := "[]byte"
	if name, ok := call.Fun.(*ast.Ident); ok {
		kind = name.Name
	}
	value := ""
	switch arg := call.Args[0].(type) {
	case *ast.Ident:
		value = arg.Name
	case *ast.BasicLit:
		value = arg.Value
	case *ast.UnaryExpr: // a negative number
		if lit, ok := arg.X.(*ast.BasicLit); ok && arg.Op == token.SUB {
			value = "-" + lit.Value
		}
	}
	switch kind {
	case "string":
		return strconv.Unquote(value)
	case "[]byte":
		text, err := strconv.Unquote(value)
		return []byte(text), err
	case "bool":
		return strconv.ParseBool(value)
	case "int":
		return strconv.Atoi(value)
	case "uint16":
		n, err := strconv.ParseUint(value, 10, 16)
		return uint16(n), err
	}
	return nil, fmt.Errorf("no argument of type %s is read", kind)
}
