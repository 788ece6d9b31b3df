package schema

import "maps"

// The names that other tools have for a key, for hints: compose, process-compose, systemd, Taskfile, modd,
// air, watchexec, nodemon, mprocs. A hint that is the name of a key here becomes a sentence; any other is
// shown as it is.

func union(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// all gives several keys one hint.
func all(hint string, names ...string) map[string]string {
	table := map[string]string{}
	for _, name := range names {
		table[name] = hint
	}
	return table
}

var dirNames = []string{"working_dir", "working_directory", "workdir", "cwd", "directory", "chdir", "indir", "root"}

var foreignEnv = map[string]string{
	"environment": "env", "envs": "env", "env_vars": "env", "variables": "env",
	"dotenv": "env_file", "env_files": "env_file", "environment_file": "env_file", "envfile": "env_file",
}

// foreignCommand has what every command has.
var foreignCommand = union(foreignEnv, all("dir", dirNames...))

var foreignRun = map[string]string{
	"command": "run", "cmd": "run", "exec": "run", "entrypoint": "run", "script": "run", "shell": "run",
	"exec_start": "run", "serve_cmd": "run", "full_bin": "run", "bin": "run", "start_command": "run",
	"args": "write `run` as a list: `[program, argument]`", "args_bin": "write `run` as a list: `[program, argument]`",
	"arguments": "write `run` as a list: `[program, argument]`",
	"commands":  "run", "cmds": "run",
}

var foreignWatch = map[string]string{
	"paths": "watch", "path": "watch", "files": "watch", "file": "watch", "sources": "watch", "source": "watch",
	"glob": "watch", "globs": "watch", "pattern": "watch", "patterns": "watch", "include": "watch",
	"includes": "watch", "include_dir": "watch", "include_file": "watch", "inputs": "watch", "develop": "watch",
	"ext": "write it as a pattern of `watch`: `**/*.rs`", "exts": "write it as a pattern of `watch`: `**/*.rs`",
	"include_ext": "write it as a pattern of `watch`: `**/*.rs`", "extensions": "write it as a pattern of `watch`: `**/*.rs`",
	"exclude": "ignore", "excludes": "ignore", "ignores": "ignore", "ignored": "ignore", "exclude_dir": "ignore",
	"exclude_file": "ignore", "exclude_regex": "ignore", "ignore_watch": "ignore",
	"debounce": "settle", "delay": "settle", "watch_delay": "settle", "quiet": "settle", "throttle": "settle",
	"use_gitignore": "gitignore", "apply_gitignore": "gitignore", "vcs_ignore": "gitignore", "no_vcs_ignore": "gitignore",
	"no_gitignore": "gitignore", "git_ignore": "gitignore",
	"exclude_unchanged": "a file with the same content never counts as changed",
	"poll_interval":     "`poll` is a key at the top of devloop.yaml",
}

var foreignDepends = map[string]string{
	"deps": "depends_on", "depends": "depends_on", "needs": "depends_on", "requires": "depends_on",
	"after": "depends_on", "wants": "depends_on", "dependencies": "depends_on", "resource_deps": "depends_on",
	"links": "depends_on", "wait_for": "depends_on",
}

const noTopDir = "paths are relative to devloop.yaml; a watcher or a process may have a `dir`"

var foreignTop = union(foreignEnv, all(noTopDir, append([]string{"dir"}, dirNames...)...), map[string]string{
	"services": "processes", "service": "processes", "process": "processes", "procs": "processes",
	"programs": "processes", "apps": "processes", "daemons": "processes", "servers": "processes",
	"watcher": "watchers", "tasks": "write each task as a watcher, with its commands as `stages`",
	"task": "write each task as a watcher, with its commands as `stages`", "rules": "watchers",
	"build": "write it as a watcher, with its commands as `stages`", "targets": "watchers",
	"socket": "sockets", "listen": "sockets", "ports": "sockets", "listeners": "sockets",
	"watch":   "`watch` is a key of a watcher: `watchers: {check: {watch: src, stages: [make]}}`",
	"stages":  "`stages` is a key of a watcher: `watchers: {check: {watch: src, stages: [make]}}`",
	"run":     "`run` is a key of a process: `processes: {server: {run: ./server}}`",
	"exclude": "ignore", "excludes": "ignore", "ignores": "ignore", "ignored": "ignore",
	"debounce": "settle", "delay": "settle", "interval": "settle", "poll_interval": "poll",
	"parallel": "jobs", "concurrency": "jobs", "max_parallel": "jobs", "parallelism": "jobs",
	"project": "name", "project_name": "name", "title": "name",
	"includes": "include", "import": "include", "imports": "include",
	"extend": "extends", "presets": "extends", "preset": "extends", "layers": "extends",
	"variables": "vars", "var": "vars",
	"web": "dashboard", "ui": "dashboard",
	"volumes": "devloop runs commands on this machine, not containers", "networks": "devloop runs commands on this machine, not containers",
	"image": "devloop runs commands on this machine, not containers", "secrets": "devloop runs commands on this machine, not containers",
	"configs":   "devloop runs commands on this machine, not containers",
	"is_strict": "a file is always read strictly", "log_level": "a flag of devloop, not a key", "log_location": "`--log-file` is a flag of devloop",
})

var foreignWatcher = union(foreignCommand, foreignWatch, foreignDepends, map[string]string{
	"run": "stages", "command": "stages", "commands": "stages", "cmd": "stages", "cmds": "stages", "exec": "stages",
	"steps": "stages", "tasks": "stages", "jobs": "stages", "prep": "stages", "prepare": "stages", "build": "stages",
	"scripts": "stages", "script": "stages", "stage": "stages", "pre_cmd": "stages",
	"daemon":   "a command that keeps running belongs under `processes`",
	"triggers": "trigger", "touch": "trigger", "touches": "trigger", "trigger_file": "trigger", "trigger_files": "trigger",
	"generates": "trigger", "outputs": "trigger", "output": "trigger", "notify": "trigger", "on_success": "trigger", "cascade": "trigger",
	"on_change": "on_busy", "on_busy_update": "on_busy", "on_change_strategy": "on_busy", "restart": "on_busy",
	"initial": "on_start", "run_on_start": "on_start", "onstart": "on_start", "initial_run": "on_start", "autostart": "on_start",
	"start": "on_start", "postpone": "write `on_start: false`",
	"parallel":      "`parallel` is a stage: `stages: [{parallel: [a, b]}]`",
	"when":          "`if_changed` is a key of a stage",
	"interruptible": "`interruptible` is a key of a stage",
	"sockets":       "only processes get sockets", "socket": "only processes get sockets", "ports": "only processes get sockets",
	"disabled": "write `on_start: false`, or `if: false`", "enabled": "if", "condition": "if",
})

var foreignStage = union(foreignCommand, foreignRun, map[string]string{
	"when": "if_changed", "only_if": "if_changed", "if_change": "if_changed", "changes": "if_changed",
	"changed": "if_changed", "sources": "if_changed", "inputs": "if_changed", "watch": "if_changed", "files": "if_changed",
	"paths": "if_changed", "only": "if_changed", "glob": "if_changed",
	"ignore_error": "allow_failure", "ignore_errors": "allow_failure", "continue_on_error": "allow_failure",
	"can_fail": "allow_failure", "soft_fail": "allow_failure", "optional": "allow_failure", "stop_on_error": "allow_failure",
	"timeout_seconds": "write `timeout: 30s`, with a unit", "timeout_minutes": "write `timeout: 5m`, with a unit",
	"title": "name", "label": "name", "desc": "name", "description": "name", "id": "name",
	"depends_on": "stages run in their order; `parallel` lets some run side by side", "deps": "stages run in their order; `parallel` lets some run side by side",
	"needs":    "stages run in their order; `parallel` lets some run side by side",
	"parallel": "`parallel` is a list of stages: `parallel: [a, b]`",
	"group":    "`parallel: [a, b]` is a group", "concurrent": "`parallel: [a, b]` is a group",
	"stages": "a stage is one command; `parallel: [a, b]` is a group",
	"cancel": "interruptible", "uninterruptible": "interruptible",
	"trigger": "`trigger` is a key of a watcher, touched when every stage has passed",
	"sockets": "only processes get sockets",
})

var foreignSocket = map[string]string{
	"address": "listen", "addr": "listen", "port": "listen", "bind": "listen", "host": "listen", "spec": "listen",
	"url": "listen", "path": "listen", "listen_stream": "listen", "listenstream": "listen", "listen_datagram": "listen",
	"type": "write it before the address: `listen: http::3000`", "kind": "write it before the address: `listen: http::3000`",
	"protocol": "write it before the address: `listen: http::3000`", "scheme": "write it before the address: `listen: http::3000`",
	"network":    "write it before the address: `listen: http::3000`",
	"permission": "mode", "permissions": "mode", "perm": "mode", "perms": "mode", "socket_mode": "mode", "chmod": "mode",
	"queue": "backlog", "proxy": "via", "upstream": "to", "target": "to",
	"reuse_port": "only one process can hold a port", "name": "the name comes before the colon",
}

var foreignProcess = union(foreignCommand, foreignRun, foreignWatch, foreignDepends, map[string]string{
	"ports": "sockets", "port": "sockets", "socket": "sockets", "listen": "sockets", "expose": "sockets", "listeners": "sockets",
	"healthcheck": "ready", "health_check": "ready", "readiness_probe": "ready", "liveness_probe": "ready",
	"startup_probe": "ready", "probe": "ready", "readiness": "ready", "wait_ready": "ready", "checks": "ready",
	"ready_log_line": "write `ready: {log: REGEX}`", "ready_output": "write `ready: {log: REGEX}`",
	"ready_http": "write `ready: {http: URL}`", "ready_port": "write `ready: {tcp: ADDRESS}`", "ready_cmd": "write `ready: {exec: COMMAND}`",
	"ready_delay": "a delay proves nothing: write `ready: {log: REGEX}`, or another check",
	"stop_signal": "write `stop: {signal: SIGTERM}`", "kill_signal": "write `stop: {signal: SIGTERM}`", "signal": "write `stop: {signal: SIGTERM}`",
	"send_interrupt":    "write `stop: {signal: SIGINT}`",
	"stop_grace_period": "write `stop: {timeout: 5s}`", "grace": "write `stop: {timeout: 5s}`", "grace_period": "write `stop: {timeout: 5s}`",
	"kill_delay": "write `stop: {timeout: 5s}`", "kill_timeout": "write `stop: {timeout: 5s}`", "stop_timeout": "write `stop: {timeout: 5s}`",
	"timeout_stop_sec": "write `stop: {timeout: 5s}`", "timeout": "write `stop: {timeout: 5s}`, or `ready: {timeout: 60s}`",
	"shutdown": "stop", "kill": "stop", "exec_stop": "write `stop: {command: COMMAND}`", "stop_command": "write `stop: {command: COMMAND}`",
	"availability": "restart", "autorestart": "restart", "auto_restart": "restart", "restart_policy": "restart", "respawn": "restart",
	"backoff_seconds": "write `backoff: {initial: 500ms}`", "restart_sec": "write `backoff: {initial: 500ms}`",
	"max_restarts": "write `backoff: {give_up: 10}`", "retry": "write `backoff: {give_up: 10}`", "retries": "write `backoff: {give_up: 10}`",
	"disabled": "write `start: false`", "autostart": "start", "enabled": "start", "auto_start": "start", "initial": "start",
	"tty": "pty", "is_tty": "pty", "interactive": "pty", "is_interactive": "pty", "stdin_open": "pty", "terminal": "pty",
	"exec_reload": "reload", "reload_signal": "reload", "on_change": "reload", "stop_first": "update", "strategy": "update",
	"trigger": "`trigger` is a key of a watcher; a process has the file in its `watch`",
	"stages":  "`stages` is a key of a watcher", "stage": "`stages` is a key of a watcher",
	"prep": "`stages` of a watcher run before a process restarts", "build": "`stages` of a watcher run before a process restarts",
	"pre_cmd": "`stages` of a watcher run before a process restarts",
	"image":   "devloop runs commands on this machine, not containers", "volumes": "devloop runs commands on this machine, not containers",
	"container_name": "the name comes before the colon", "name": "the name comes before the colon",
	"replicas": "write a process for each; they may share a socket", "scale": "write a process for each; they may share a socket", "instances": "write a process for each; they may share a socket",
	"profiles": "write `start: false`, and start it by hand", "namespace": "there are no namespaces",
	"log_location": "`--log-file` is a flag of devloop", "user": "a process runs as the user who runs devloop",
	"cron": "devloop has no schedules", "schedule": "devloop has no schedules",
})

var foreignReady = map[string]string{
	"http_get": "http", "url": "http", "path": "http", "get": "http", "https": "http",
	"port": "tcp", "tcp_socket": "tcp", "address": "tcp", "listen": "tcp", "socket": "tcp",
	"command": "exec", "cmd": "exec", "test": "exec", "run": "exec", "shell": "exec",
	"log_line": "log", "output": "log", "stdout": "log", "pattern": "log", "regex": "log", "match": "log", "line": "log",
	"period": "interval", "every": "interval", "period_seconds": "write `interval: 1s`, with a unit", "interval_seconds": "write `interval: 1s`, with a unit",
	"start_interval":  "interval",
	"timeout_seconds": "write `timeout: 60s`, with a unit", "start_period": "timeout", "start_timeout": "timeout",
	"initial_delay": "checks begin at the start; `timeout` is the total time", "initial_delay_seconds": "checks begin at the start; `timeout` is the total time",
	"delay":   "checks begin at the start; `timeout` is the total time",
	"retries": "checks go on until `timeout` has passed", "failure_threshold": "checks go on until `timeout` has passed", "success_threshold": "one success is enough",
	"sd_notify": "notify", "disable": "remove `ready`",
}

var foreignStop = map[string]string{
	"grace": "timeout", "grace_period": "timeout", "stop_grace_period": "timeout", "kill_delay": "timeout", "kill_timeout": "timeout",
	"wait": "timeout", "delay": "timeout", "kill_after": "timeout", "timeout_seconds": "write `timeout: 5s`, with a unit",
	"cmd": "command", "run": "command", "exec": "command", "script": "command",
	"kill_signal": "signal", "sig": "signal", "stop_signal": "signal",
	"parent_only": "leader_only", "main_only": "leader_only", "leader": "leader_only",
	"group": "leader_only", "stop_as_group": "leader_only", "kill_mode": "leader_only",
	"send_keys": "write `command`, or a `signal`",
}

var foreignBackoff = map[string]string{
	"delay": "initial", "start": "initial", "min": "initial", "backoff_seconds": "initial", "first": "initial",
	"limit": "max", "maximum": "max", "ceiling": "max",
	"max_restarts": "give_up", "retries": "give_up", "attempts": "give_up", "max_retries": "give_up", "tries": "give_up", "max_attempts": "give_up",
	"factor": "each delay is twice the one before", "multiplier": "each delay is twice the one before",
	"window": "a change ends the backoff", "jitter": "each delay is twice the one before",
}
