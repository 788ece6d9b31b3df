package schema

import (
	"slices"
	"strings"
)

// The names that other tools have for a key, for hints: compose, process-compose, systemd, Taskfile, modd,
// air, watchexec, nodemon, mprocs.

// alias is a hint with the names that get it, between blanks. A hint that is the name of a key of the table
// becomes a sentence; any other is shown as it is.
type alias struct{ hint, names string }

// aliases are those of a table. Of two that have the same name the later one counts.
type aliases []alias

// hint is that of a name.
func (a aliases) hint(name string) (hint string, ok bool) {
	for _, one := range slices.Backward(a) {
		if slices.Contains(strings.Fields(one.names), name) {
			return one.hint, true
		}
	}
	return "", false
}

const dirNames = "working_dir working_directory workdir cwd directory chdir indir root"

var envAliases = aliases{
	{"env", "environment envs env_vars variables"},
	{"env_file", "dotenv env_files environment_file envfile"},
}

// commandAliases has what every command has.
var commandAliases = slices.Concat(envAliases, aliases{{"dir", dirNames}})

var runAliases = aliases{
	{"run", "command cmd exec entrypoint script shell exec_start serve_cmd full_bin bin start_command commands cmds"},
	{"write `run` as a list: `[program, argument]`", "args args_bin arguments"},
}

var watchAliases = aliases{
	{"watch", "paths path files file sources source glob globs pattern patterns include includes include_dir include_file inputs develop"},
	{"write it as a pattern of `watch`: `**/*.rs`", "ext exts include_ext extensions"},
	{"ignore", "exclude excludes ignores ignored exclude_dir exclude_file exclude_regex ignore_watch"},
	{"settle", "debounce delay watch_delay quiet throttle"},
	{"gitignore", "use_gitignore apply_gitignore vcs_ignore no_vcs_ignore no_gitignore git_ignore"},
	{"a file with the same content never counts as changed", "exclude_unchanged"},
	{"`poll` is a key at the top of devloop.yaml", "poll_interval"},
}

var dependsAliases = aliases{
	{"depends_on", "deps depends needs requires after wants dependencies resource_deps links wait_for"},
}

var topAliases = slices.Concat(envAliases, aliases{
	{"paths are relative to devloop.yaml; a watcher or a process may have a `dir`", "dir " + dirNames},
	{"processes", "services service process procs programs apps daemons servers"},
	{"watchers", "watcher rules targets"},
	{"write each task as a watcher, with its commands as `stages`", "tasks task"},
	{"write it as a watcher, with its commands as `stages`", "build"},
	{"sockets", "socket listen ports listeners"},
	{"`watch` is a key of a watcher: `watchers: {check: {watch: src, stages: [make]}}`", "watch"},
	{"`stages` is a key of a watcher: `watchers: {check: {watch: src, stages: [make]}}`", "stages"},
	{"`run` is a key of a process: `processes: {server: {run: ./server}}`", "run"},
	{"ignore", "exclude excludes ignores ignored"},
	{"settle", "debounce delay interval"},
	{"poll", "poll_interval"},
	{"jobs", "parallel concurrency max_parallel parallelism"},
	{"name", "project project_name title"},
	{"include", "includes import imports"},
	{"extends", "extend presets preset layers"},
	{"vars", "variables var"},
	{"dashboard", "web ui"},
	{"remote", "cache remote_cache caching engine"},
	{"devloop runs commands on this machine, not containers", "volumes networks image secrets configs"},
	{"a file is always read strictly", "is_strict"},
	{"a flag of devloop, not a key", "log_level"},
	{"`--log-file` is a flag of devloop", "log_location"},
})

var watcherAliases = slices.Concat(commandAliases, watchAliases, dependsAliases, aliases{
	{"stages", "run command commands cmd cmds exec steps tasks jobs prep prepare build scripts script stage pre_cmd"},
	{"a command that keeps running belongs under `processes`", "daemon"},
	{"trigger", "triggers touch touches trigger_file trigger_files generates outputs output notify on_success cascade"},
	{"on_busy", "on_change on_busy_update on_change_strategy restart"},
	{"on_start", "initial run_on_start onstart initial_run autostart start"},
	{"write `on_start: false`", "postpone"},
	{"`parallel` is a stage: `stages: [{parallel: [a, b]}]`", "parallel"},
	{"`if_changed` is a key of a stage", "when"},
	{"`interruptible` is a key of a stage", "interruptible"},
	{"only processes get sockets", "sockets socket ports"},
	{"write `on_start: false`, or `if: false`", "disabled"},
	{"if", "enabled condition"},
})

var stageAliases = slices.Concat(commandAliases, runAliases, aliases{
	{"if_changed", "when only_if if_change changes changed sources watch files paths only glob"},
	{"allow_failure", "ignore_error ignore_errors continue_on_error can_fail soft_fail optional stop_on_error"},
	{"write `timeout: 30s`, with a unit", "timeout_seconds"},
	{"write `timeout: 5m`, with a unit", "timeout_minutes"},
	{"name", "title label desc description id"},
	{"stages run in their order; `parallel` lets some run side by side", "depends_on deps needs"},
	{"`parallel` is a list of stages: `parallel: [a, b]`", "parallel"},
	{"`parallel: [a, b]` is a group", "group concurrent"},
	{"a stage is one command; `parallel: [a, b]` is a group", "stages"},
	{"interruptible", "cancel uninterruptible"},
	{"`trigger` is a key of a watcher, touched when every stage has passed", "trigger"},
	{"only processes get sockets", "sockets"},
	{"reuse", "cache cached cacheable caching memoize skip_if_unchanged"},
	{"write `reuse: {inputs: […]}`", "inputs"},
	{"write `reuse: {outputs: […]}`", "outputs output generates artifacts produces"},
})

var reuseAliases = aliases{
	{"inputs", "input sources files paths watch deps dependencies global_dependencies"},
	{"outputs", "output generates artifacts produces targets target"},
	{"env", "environment envs env_vars variables pass_env pass_through_env"},
	{"tools", "tool toolchain versions runtime"},
	{"`ignore` is a key of the watcher; name the rest under `inputs`", "ignore exclude excludes"},
}

var remoteAliases = aliases{
	{"cache", "url endpoint address remote_cache server"},
	{"execute", "exec executor execution engine remote_executor"},
	{"write", "upload push read_write writable"},
	{"instance", "instance_name remote_instance_name"},
	{"platform", "properties exec_properties platform_properties"},
	{"headers", "header auth metadata remote_header token"},
	{"jobs", "parallel concurrency workers"},
}

var socketAliases = aliases{
	{"listen", "address addr port bind host spec url path listen_stream listenstream listen_datagram"},
	{"write it before the address: `listen: http::3000`", "type kind protocol scheme network"},
	{"mode", "permission permissions perm perms socket_mode chmod"},
	{"backlog", "queue"},
	{"via", "proxy"},
	{"to", "upstream target"},
	{"live", "livereload live_reload hot_reload reload browser_reload"},
	{"only one process can hold a port", "reuse_port"},
	{"the name comes before the colon", "name"},
}

var processAliases = slices.Concat(commandAliases, runAliases, watchAliases, dependsAliases, aliases{
	{"sockets", "ports port socket listen expose listeners"},
	{"ready", "healthcheck health_check readiness_probe liveness_probe startup_probe probe readiness wait_ready checks"},
	{"write `ready: {log: REGEX}`", "ready_log_line ready_output"},
	{"write `ready: {http: URL}`", "ready_http"},
	{"write `ready: {tcp: ADDRESS}`", "ready_port"},
	{"write `ready: {exec: COMMAND}`", "ready_cmd"},
	{"a delay proves nothing: write `ready: {log: REGEX}`, or another check", "ready_delay"},
	{"write `stop: {signal: SIGTERM}`", "stop_signal kill_signal signal"},
	{"write `stop: {signal: SIGINT}`", "send_interrupt"},
	{"write `stop: {timeout: 5s}`", "stop_grace_period grace grace_period kill_delay kill_timeout stop_timeout timeout_stop_sec"},
	{"write `stop: {timeout: 5s}`, or `ready: {timeout: 60s}`", "timeout"},
	{"stop", "shutdown kill"},
	{"write `stop: {command: COMMAND}`", "exec_stop stop_command"},
	{"restart", "availability autorestart auto_restart restart_policy respawn"},
	{"write `backoff: {initial: 500ms}`", "backoff_seconds restart_sec"},
	{"write `backoff: {give_up: 10}`", "max_restarts retry retries"},
	{"write `start: false`", "disabled"},
	{"start", "autostart enabled auto_start initial"},
	{"pty", "tty is_tty interactive is_interactive stdin_open terminal"},
	{"reload", "exec_reload reload_signal on_change"},
	{"update", "stop_first strategy"},
	{"`trigger` is a key of a watcher; a process has the file in its `watch`", "trigger"},
	{"`stages` is a key of a watcher", "stages stage"},
	{"`stages` of a watcher run before a process restarts", "prep build pre_cmd"},
	{"devloop runs commands on this machine, not containers", "image volumes"},
	{"the name comes before the colon", "container_name name"},
	{"write a process for each; they may share a socket", "replicas scale instances"},
	{"write `start: false`, and start it by hand", "profiles"},
	{"there are no namespaces", "namespace"},
	{"`--log-file` is a flag of devloop", "log_location"},
	{"a process runs as the user who runs devloop", "user"},
	{"devloop has no schedules", "cron schedule"},
})

var readyAliases = aliases{
	{"http", "http_get url path get https"},
	{"tcp", "port tcp_socket address listen socket"},
	{"exec", "command cmd test run shell"},
	{"log", "log_line output stdout pattern regex match line"},
	{"interval", "period every start_interval"},
	{"write `interval: 1s`, with a unit", "period_seconds interval_seconds"},
	{"write `timeout: 60s`, with a unit", "timeout_seconds"},
	{"timeout", "start_period start_timeout"},
	{"checks begin at the start; `timeout` is the total time", "initial_delay initial_delay_seconds delay"},
	{"checks go on until `timeout` has passed", "retries failure_threshold"},
	{"one success is enough", "success_threshold"},
	{"notify", "sd_notify"},
	{"remove `ready`", "disable"},
}

var stopAliases = aliases{
	{"timeout", "grace grace_period stop_grace_period kill_delay kill_timeout wait delay kill_after"},
	{"write `timeout: 5s`, with a unit", "timeout_seconds"},
	{"command", "cmd run exec script"},
	{"signal", "kill_signal sig stop_signal"},
	{"leader_only", "parent_only main_only leader group stop_as_group kill_mode"},
	{"write `command`, or a `signal`", "send_keys"},
}

var backoffAliases = aliases{
	{"initial", "delay start min backoff_seconds first"},
	{"max", "limit maximum ceiling"},
	{"give_up", "max_restarts retries attempts max_retries tries max_attempts"},
	{"each delay is twice the one before", "factor multiplier jitter"},
	{"a change ends the backoff", "window"},
}
