//! A small web server on the standard library alone, supervised by devloop: the page is here, the socket and the drain
//! are in `serve.rs`.

mod http;
mod serve;
mod signal;

use http::Response;

/// What the page says. Change it while devloop runs, and reload the page.
const MESSAGE: &str = "Hello, World!";

fn main() -> std::io::Result<()> {
    let listener = serve::listener("127.0.0.1:3000")?;
    println!("serving on http://{}", listener.local_addr()?);
    serve::serve(&listener, respond)
}

fn respond(path: &str) -> Response {
    match path {
        "/" => Response::html(format!(
            "<!doctype html>\n<title>rust-std</title>\n<h1>{MESSAGE}</h1>\n"
        )),
        "/healthz" => Response::text("200 OK", "ok\n"),
        _ => Response::text("404 Not Found", "not found\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_the_message() {
        let page = respond("/");
        assert_eq!(page.status, "200 OK");
        assert!(page.body.contains(MESSAGE));
    }

    #[test]
    fn an_unknown_path_is_not_found() {
        assert_eq!(respond("/nowhere").status, "404 Not Found");
    }
}
