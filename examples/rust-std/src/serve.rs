//! The part to copy into a server of your own: take the socket that devloop holds, serve on it, and drain on the way
//! out.

use crate::http::{self, Response};
use crate::signal;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{env, process, thread};

/// How often a connection that has asked for nothing looks whether the server is draining. Browsers open such
/// connections ahead of need, and a drain must not wait for them longer than this.
const SPARE: Duration = Duration::from_millis(100);
/// How long after it was accepted a connection counts as one that is about to ask, however slow its client: a drain
/// waits that long for it.
const FRESH: Duration = Duration::from_secs(1);
/// How long a request may pause halfway. It is less than the 5s after which devloop kills.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much more than its request a client may send.
const MAX_REST: u64 = 16 * 1024;

/// The listener that was passed to this process, or one bound to `address` if none was: the server also runs by hand.
pub fn listener(address: &str) -> io::Result<TcpListener> {
    if !socket_passed() {
        return TcpListener::bind(address);
    }
    // SAFETY: the protocol gives descriptor 3 to this process, and nothing else here owns it.
    let passed = unsafe { TcpListener::from_raw_fd(3) };
    passed.try_clone() // a duplicate that processes started from here do not inherit
}

/// Systemd's protocol: LISTEN_FDS counts the sockets, which start at descriptor 3, and LISTEN_PID, if it is there, names
/// the one process that they are meant for.
fn socket_passed() -> bool {
    let count = env::var("LISTEN_FDS").map_or(0, |n| n.parse().unwrap_or(0));
    let mine = env::var("LISTEN_PID").map_or(true, |pid| pid == process::id().to_string());
    count > 0 && mine
}

/// Answers on `listener` until SIGTERM or SIGINT. Then it drains: it accepts no more, and returns when the requests
/// under way are answered. Connections that nobody has accepted stay in the socket's queue, for the next version of
/// this server.
pub fn serve(listener: &TcpListener, respond: fn(&str) -> Response) -> io::Result<()> {
    let stop = signal::stop()?;
    // A connection that was there may be gone again by the time of the accept, which must not hang then.
    listener.set_nonblocking(true)?;

    let draining = AtomicBool::new(false);
    thread::scope(|scope| {
        let ended = loop {
            match next(listener, &stop) {
                // A connection that fails has lost its client; the others go on.
                Ok(Some(stream)) => scope.spawn(|| answer(stream, &draining, respond).ok()),
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            };
        };
        draining.store(true, SeqCst);
        ended
        // The scope waits for every thread in it. That is the drain.
    })
}

/// The next connection; `None` when it is time to stop.
fn next(listener: &TcpListener, stop: &UnixStream) -> io::Result<Option<TcpStream>> {
    while signal::wait(listener, stop)? {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?; // on macOS and the BSDs it takes after the listener
                return Ok(Some(stream));
            }
            Err(e) if gone(&e) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}

/// Whether an accept failed only because the connection was taken back.
fn gone(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
    )
}

/// One connection, one request.
fn answer(
    mut stream: TcpStream,
    draining: &AtomicBool,
    respond: fn(&str) -> Response,
) -> io::Result<()> {
    let fresh_until = Instant::now() + FRESH;
    stream.set_read_timeout(Some(SPARE))?;
    while let Err(e) = stream.peek(&mut [0]) {
        let spare = draining.load(SeqCst) && Instant::now() >= fresh_until;
        if spare || !nothing_yet(&e) {
            return Err(e);
        }
    }

    stream.set_read_timeout(Some(PATIENCE))?;
    if let Some(path) = http::read_path(&stream)? {
        respond(&path).write_to(&mut stream)?;
    }

    // Closing with something unread, such as a request's body, would make the client drop the answer.
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(SPARE))?;
    io::copy(&mut stream.take(MAX_REST), &mut io::sink())?;
    Ok(())
}

/// Whether a read failed only because nothing has come. The signal to stop interrupts one that has a timeout, whichever
/// thread it is in: that connection is not to be closed for it.
fn nothing_yet(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
