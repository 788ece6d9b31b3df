package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/inspect"
)

func mcpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "mcp",
		Short: "MCP server for coding agents (stdio)",
		Long: `mcp speaks the Model Context Protocol (https://modelcontextprotocol.io) on standard
input and output. Coding agents get the tools status, wait, logs, problems, cycle,
trigger, restart, stop, start and explain. The agent starts it in the project's directory; it talks to
the loop that runs there, and does not start one.`,
		Example: `  devloop up -d
  claude mcp add devloop -- devloop mcp
  devloop mcp -f team.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			err := newMCPServer(a).Run(context.Background(), newAgentStream(os.Stdin, os.Stdout).transport())
			if err != nil {
				return runError{fmt.Errorf("serve an agent: %w", err)}
			}
			return nil
		},
	}
}

const mcpInstructions = `devloop runs this project's development loop: it watches files, runs checks and builds
when they change, and restarts servers when these pass. After editing files call "wait": it returns when everything
that was saved before the call has been checked, built and restarted, with the output of what failed. Do not run the
project's build or server yourself while the loop runs: it does. If no loop is running, start one with the shell
command: devloop up -d`

// newMCPServer is the server with its tools. Each call dials again, so that the loop may end and restart
// meanwhile.
func newMCPServer(a *app) *mcp.Server {
	tools := agentTools{a}
	s := mcp.NewServer(&mcp.Implementation{Name: "devloop", Title: "devloop", Version: version()},
		&mcp.ServerOptions{Instructions: mcpInstructions, Capabilities: &mcp.ServerCapabilities{}})
	no := false
	looks := &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &no}
	acts := &mcp.ToolAnnotations{DestructiveHint: &no, OpenWorldHint: &no}
	addTool(s, &mcp.Tool{Name: "status", Annotations: looks, Description: `What the running loop does now: every watcher ` +
		`(checks and builds) and process (servers) with its state, why it waits, its pids and restarts, and every listening ` +
		`socket with its address.`}, tools.status)
	addTool(s, &mcp.Tool{Name: "wait", Annotations: looks, Description: `Wait until everything that any save before this call ` +
		`could cause is done: checks passed, builds made, servers restarted and ready. Call it after editing files and before ` +
		`talking to the server. "ok" is false if something failed: "why" says what, "output" is what it wrote.`}, tools.wait)
	addTool(s, &mcp.Tool{Name: "logs", Annotations: looks, Description: `Recent output of the loop's commands, the oldest ` +
		`line first, as "name | text": servers, and the stages of watchers, also of those that passed.`}, tools.logs)
	addTool(s, &mcp.Tool{Name: "problems", Annotations: looks, Description: `What compilers, linters and tests complained of when ` +
		`each stage ran last, as places in files: file, line, column, severity, message. "unplaced" has the last lines of a ` +
		`failure that names no place.`}, tools.problems)
	addTool(s, &mcp.Tool{Name: "cycle", Annotations: looks, Description: `What a save has led to: the changed paths, each run with ` +
		`its stages, results and times, each restart, until everything was at rest again.`}, tools.cycle)
	for _, h := range byHands {
		addTool(s, &mcp.Tool{Name: h.verb, Annotations: acts, Description: h.short + ". " + strings.ReplaceAll(h.long, "\n", " ") +
			` If any name is wrong, nothing is done.`}, tools.byHand(h))
	}
	addTool(s, &mcp.Tool{Name: "explain", Annotations: looks, Description: `With "paths": which watchers and processes a change of ` +
		`each path wakes, by which pattern of devloop.yaml, or what keeps it out; no loop needs to run. With "node": what woke ` +
		`that node of the running loop last, and what it waits for.`}, tools.explain)
	return s
}

// addTool adds a tool that answers with a text for people and a value for programs, whose schemas name one
// type for each value. By default the library says that lists and optional values may also be null, and
// some clients then refuse the whole list of tools.
func addTool[In, Out any](s *mcp.Server, t *mcp.Tool, answer func(context.Context, In) (string, *Out, error)) {
	t.InputSchema, t.OutputSchema = toolSchema[In](), toolSchema[Out]()
	mcp.AddTool(s, t, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, *Out, error) {
		text, out, err := answer(ctx, in)
		if err != nil {
			return nil, nil, errors.New(console.Visible(errorText(err)))
		}
		makeVisible(reflect.ValueOf(out))
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: console.Visible(text)}}}, out, nil
	})
}

// makeVisible makes every text of a value safe to show, as agents print what they get, and every list one, as the
// schema says.
func makeVisible(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(console.Visible(v.String()))
		}
	case reflect.Pointer, reflect.Interface:
		makeVisible(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				makeVisible(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			makeVisible(v.Index(i))
		}
	}
}

// toolSchema is the schema of a type that a tool takes or gives.
func toolSchema[T any]() *jsonschema.Schema {
	schema, err := jsonschema.For[T](nil)
	if err != nil {
		panic(err) // one of this file's types
	}
	withoutNull(schema)
	return schema
}

// withoutNull removes null from the types of every list and of every optional property.
func withoutNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	for name, property := range s.Properties {
		optional := !slices.Contains(s.Required, name)
		if t := property.Types; len(t) == 2 && t[0] == "null" && (optional || t[1] == "array") {
			property.Type, property.Types = t[1], nil
		}
		withoutNull(property)
	}
	withoutNull(s.Items)
}

type (
	mcpNothing struct{}

	mcpWaitInput struct {
		Nodes   []string `json:"nodes,omitempty" jsonschema:"wait only for these nodes and what they need; default: all"`
		Timeout float64  `json:"timeout_seconds,omitempty" jsonschema:"give up after so many seconds; default 300"`
	}
	mcpVerdict struct {
		OK       bool                 `json:"ok" jsonschema:"everything is done, has passed and is ready"`
		Node     string               `json:"node,omitempty" jsonschema:"the node that failed"`
		Why      string               `json:"why,omitempty" jsonschema:"what failed"`
		Hint     string               `json:"hint,omitempty" jsonschema:"what to do about it"`
		Output   string               `json:"output,omitempty" jsonschema:"the end of what the failing node wrote"`
		Problems []control.Diagnostic `json:"problems,omitempty" jsonschema:"places in files that the failing node complains of"`
	}

	mcpProblemsInput struct {
		Nodes []string `json:"nodes,omitempty" jsonschema:"only those of these watchers; all if left out"`
	}
	mcpLogsInput struct {
		Nodes []string `json:"nodes,omitempty" jsonschema:"only these nodes; default: all"`
		Tail  int      `json:"tail,omitempty" jsonschema:"the last so many lines, 1 to 5000; default 200"`
		Since string   `json:"since,omitempty" jsonschema:"only what came since then: a duration such as 5m, or an RFC 3339 time"`
	}
	mcpLogsOutput struct {
		Lines string `json:"lines" jsonschema:"one line of output each, as name | text"`
	}

	mcpNodesInput struct {
		Nodes []string `json:"nodes" jsonschema:"the names of the nodes, one at least"`
	}
	mcpMovedOutput struct {
		Nodes []control.Moved `json:"nodes"`
	}

	mcpExplainInput struct {
		Paths []string `json:"paths,omitempty" jsonschema:"files or directories, relative to the directory that devloop mcp was started in, or absolute; they need not exist"`
		Node  string   `json:"node,omitempty" jsonschema:"a watcher or process of the running loop"`
	}
	mcpExplainOutput struct {
		Paths []inspect.Explanation `json:"paths,omitempty"`
		Node  *control.Wake         `json:"node,omitempty"`
	}
)

// errorText is an error as a tool's text, with its hint.
func errorText(err error) string {
	var lines []string
	for _, err := range flatten(err) {
		lines = append(lines, err.Error())
		if hint := hintOf(err); hint != "" {
			lines = append(lines, "hint: "+hint)
		}
	}
	return strings.Join(lines, "\n")
}

// agentTools are the tools: for an agent, what the verb of the same name does.
type agentTools struct{ *app }

func (a agentTools) status(ctx context.Context, _ mcpNothing) (string, *control.Status, error) {
	client, ctx, done, err := a.dial(ctx)
	if err != nil {
		return "", nil, err
	}
	defer done()
	s, err := client.Status(ctx)
	if err != nil {
		return "", nil, err
	}
	var text strings.Builder
	if err := (&statusPrinter{w: &text, now: time.Now()}).write(s); err != nil {
		return "", nil, err
	}
	return text.String(), s, nil
}

func (a agentTools) wait(ctx context.Context, in mcpWaitInput) (string, *mcpVerdict, error) {
	const usual, most = 300, 24 * 3600
	if in.Timeout == 0 {
		in.Timeout = usual
	}
	if !(in.Timeout > 0 && in.Timeout <= most) {
		return "", nil, fmt.Errorf("timeout_seconds must be from 0 to %d", most)
	}
	client, _, err := a.connect()
	if err != nil {
		return "", nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Timeout*float64(time.Second)))
	defer cancel()
	v, err := client.Wait(ctx, in.Nodes...)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", nil, advised{fmt.Errorf("not finished after %gs", in.Timeout), stillBusy(client)}
	}
	if err != nil {
		return "", nil, err
	}
	out := &mcpVerdict{OK: v.OK, Node: v.Node, Why: v.Why, Hint: v.Hint}
	if v.OK {
		return "everything is done and ready", out, nil
	}
	if v.Node != "" && v.Number > 0 {
		// The verdict holds, whether its output can be read or not.
		out.Problems = failingPlaces(client, v)
		out.Output, _ = mcpLines(ctx, client, control.LogQuery{Nodes: []string{v.Node}, Run: v.Number, Stages: v.Stages, Tail: 500})
	}
	text := v.Why
	if v.Hint != "" {
		text += "\nhint: " + v.Hint
	}
	return strings.TrimRight(text+"\n\n"+out.Output, "\n"), out, nil
}

func (a agentTools) problems(_ context.Context, in mcpProblemsInput) (string, *control.Diagnostics, error) {
	client, _, err := a.connect()
	if err != nil {
		return "", nil, err
	}
	defer client.Close()
	d, err := askProblems(client, in.Nodes)
	if err != nil {
		return "", nil, err
	}
	var text strings.Builder
	if err := problemsText(&text, d); err != nil {
		return "", nil, err
	}
	return text.String(), d, nil
}

func (a agentTools) logs(ctx context.Context, in mcpLogsInput) (string, *mcpLogsOutput, error) {
	const usual, most = 200, 5000
	if in.Tail == 0 {
		in.Tail = usual
	}
	if in.Tail < 1 || in.Tail > most {
		return "", nil, fmt.Errorf("tail must be from 1 to %d", most)
	}
	since, err := sinceWhen(in.Since, time.Now())
	if err != nil {
		return "", nil, errors.New(strings.TrimPrefix(err.Error(), "--"))
	}
	client, ctx, done, err := a.dial(ctx)
	if err != nil {
		return "", nil, err
	}
	defer done()
	lines, err := mcpLines(ctx, client, control.LogQuery{Nodes: in.Nodes, Tail: in.Tail, Since: since})
	if err != nil {
		return "", nil, err
	}
	text := lines
	if text == "" {
		text = "(nothing)"
	}
	return text, &mcpLogsOutput{lines}, nil
}

// mcpLines reads output as text. An agent pays by length, so there is a limit; the end matters most.
func mcpLines(ctx context.Context, client *control.Client, want control.LogQuery) (string, error) {
	const most = 64 << 10
	var text strings.Builder
	err := client.Logs(ctx, want, func(line control.Line) error {
		if line.Missed > 0 {
			fmt.Fprintf(&text, "%s | (%s no longer kept)\n", line.Node, console.Count(int(min(line.Missed, 1<<31)), "line"))
			return nil
		}
		// Agents need neither colours nor cursor movements.
		fmt.Fprintf(&text, "%s | %s", line.Node, console.Sanitize(nil, append(line.Bytes(), '\n'), false))
		return nil
	})
	all := text.String()
	if cut := len(all) - most; cut > 0 {
		all = strings.ToValidUTF8(all[cut:], "")
		if _, whole, more := strings.Cut(all, "\n"); more {
			all = whole
		}
		all = "(the beginning is left out)\n" + all
	}
	return all, err
}

func (a agentTools) byHand(h byHand) func(context.Context, mcpNodesInput) (string, *mcpMovedOutput, error) {
	return func(ctx context.Context, in mcpNodesInput) (string, *mcpMovedOutput, error) {
		if len(in.Nodes) == 0 {
			return "", nil, errors.New("nodes: name at least one; the status tool lists them")
		}
		client, ctx, done, err := a.dial(ctx)
		if err != nil {
			return "", nil, err
		}
		defer done()
		moved, err := h.ask(client, ctx, in.Nodes...)
		if err != nil {
			return "", nil, err
		}
		var lines []string
		for _, m := range moved {
			lines = append(lines, movedText(m))
		}
		return strings.Join(lines, "\n"), &mcpMovedOutput{moved}, nil
	}
}

func (a agentTools) explain(ctx context.Context, in mcpExplainInput) (string, *mcpExplainOutput, error) {
	var out mcpExplainOutput
	var text strings.Builder
	if len(in.Paths) == 0 && in.Node == "" {
		return "", nil, errors.New("name paths, or a node")
	}
	if len(in.Paths) > 0 {
		p, err := a.load()
		if err != nil {
			return "", nil, err
		}
		if out.Paths, err = inspect.Explain(p.cfg, p.graph, in.Paths); err != nil {
			return "", nil, err
		}
		for _, e := range out.Paths {
			if err := printExplanation(&text, e); err != nil {
				return "", nil, err
			}
		}
	}
	if in.Node != "" {
		client, ctx, done, err := a.dial(ctx)
		if err != nil {
			return "", nil, err
		}
		defer done()
		if out.Node, err = client.Wake(ctx, in.Node); err != nil {
			return "", nil, err
		}
		if err := printWake(&text, out.Node, time.Now()); err != nil {
			return "", nil, err
		}
	}
	return text.String(), &out, nil
}
