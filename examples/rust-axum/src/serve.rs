//! The part to copy into a server of your own: take the socket that devloop holds, serve on it, and drain on the way
//! out.

use axum::{Router, serve::Listener};
use listenfd::ListenFd;
use std::{future, io, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::{select, sync::watch, time::sleep};

/// How long a drain waits for the request of a connection that was just accepted.
const GRACE: Duration = Duration::from_millis(20);

/// The listener that was passed to this process, or one bound to `address` if none was: the server also runs by hand.
pub async fn listener(address: &str) -> io::Result<TcpListener> {
    match ListenFd::from_env().take_tcp_listener(0)? {
        Some(passed) => {
            passed.set_nonblocking(true)?; // tokio takes no other
            TcpListener::from_std(passed)
        }
        None => TcpListener::bind(address).await,
    }
}

/// Answers on `listener` until SIGTERM or SIGINT. Then it drains: it accepts no more, and returns when the requests
/// under way are answered. Connections that nobody has accepted stay in the socket's queue, for the next version of
/// this server.
///
/// `axum::serve(listener, app).with_graceful_shutdown(signal)` is all that it takes, but for one thing: at that
/// moment axum hangs up on a connection whose request it has not read yet, which under load is a lost page or two at
/// every restart. So accepting ends first, and a moment later the rest.
pub async fn serve(listener: TcpListener, app: Router) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(());

    let drain = async move {
        select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(());
        sleep(GRACE).await;
    };
    axum::serve(UntilStopped { listener, stopped }, app)
        .with_graceful_shutdown(drain)
        .await
}

/// A listener that accepts until it is told to stop, and then waits for ever.
struct UntilStopped {
    listener: TcpListener,
    stopped: watch::Receiver<()>,
}

impl Listener for UntilStopped {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        select! {
            biased;
            _ = self.stopped.changed() => future::pending().await,
            accepted = Listener::accept(&mut self.listener) => accepted,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
