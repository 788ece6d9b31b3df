//! SIGTERM and SIGINT as something that can be waited for beside a socket. The standard library has no signals, so this
//! declares the three calls of the C library that it takes.

use std::ffi::{c_int, c_short, c_void};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

const SIGINT: c_int = 2;
const SIGTERM: c_int = 15;
const POLLIN: c_short = 1;

#[cfg(target_os = "linux")]
type Count = std::ffi::c_ulong;
#[cfg(not(target_os = "linux"))]
type Count = std::ffi::c_uint;

#[repr(C)]
struct PollFd {
    fd: RawFd,
    events: c_short,
    revents: c_short,
}

unsafe extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    fn write(fd: RawFd, bytes: *const c_void, count: usize) -> isize;
    fn poll(fds: *mut PollFd, count: Count, timeout: c_int) -> c_int;
}

/// The end of the pipe that the handler writes to.
static WAKE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn handle(_: c_int) {
    // SAFETY: write is one of the few calls that a signal handler may make.
    unsafe { write(WAKE.load(SeqCst), b"!".as_ptr().cast(), 1) };
}

/// Returns a stream that becomes readable when this process is told to stop.
pub fn stop() -> io::Result<UnixStream> {
    let (stop, wake) = UnixStream::pair()?;
    WAKE.store(wake.into_raw_fd(), SeqCst);
    for number in [SIGTERM, SIGINT] {
        // SAFETY: handle lives as long as the program, and the pipe is there before it can be called.
        unsafe { signal(number, handle) };
    }
    Ok(stop)
}

/// Waits until a connection is there: true; or until it is time to stop: false.
pub fn wait(listener: &TcpListener, stop: &UnixStream) -> io::Result<bool> {
    let readable = |fd| PollFd {
        fd,
        events: POLLIN,
        revents: 0,
    };
    let mut fds = [readable(stop.as_raw_fd()), readable(listener.as_raw_fd())];
    loop {
        // SAFETY: fds is an array of that many, and outlives the call.
        if unsafe { poll(fds.as_mut_ptr(), fds.len() as Count, -1) } > 0 {
            return Ok(fds[0].revents == 0);
        }
        let e = io::Error::last_os_error();
        if e.kind() != io::ErrorKind::Interrupted {
            return Err(e);
        }
    }
}
