//! A small axum server that devloop supervises: the page is here, the socket and the drain are in `serve.rs`.

mod serve;

use axum::{Router, response::Html, routing::get};

/// What the page says. Change it while devloop runs, and reload the page.
const MESSAGE: &str = "Hello, World!";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = serve::listener("127.0.0.1:3000").await?;
    println!("serving on http://{}", listener.local_addr()?);
    serve::serve(listener, app()).await
}

fn app() -> Router {
    Router::new()
        .route("/", get(page))
        .route("/healthz", get("ok\n"))
}

async fn page() -> Html<String> {
    Html(format!(
        "<!doctype html>\n<title>rust-axum</title>\n<h1>{MESSAGE}</h1>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_says_the_message() {
        assert!(page().await.0.contains(MESSAGE));
    }
}
