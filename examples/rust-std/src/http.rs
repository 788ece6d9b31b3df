//! As much of HTTP as a page needs: one GET a connection.

use std::io::{self, BufRead, BufReader, Read, Write};

/// The longest request that is read.
const MAX_HEAD: u64 = 16 * 1024;

/// Reads a request up to the empty line, and returns its path; `None` if it is not a request.
pub fn read_path(from: impl Read) -> io::Result<Option<String>> {
    let mut lines = BufReader::new(from).take(MAX_HEAD).lines();
    let Some(request) = lines.next().transpose()? else {
        return Ok(None);
    };
    for line in lines {
        if line?.is_empty() {
            let target = request.split(' ').nth(1);
            return Ok(target.map(|t| t.split('?').next().unwrap_or(t).to_string()));
        }
    }
    Ok(None)
}

/// What to send back: a status such as `200 OK`, a media type, and the body.
pub struct Response {
    pub status: &'static str,
    pub media_type: &'static str,
    pub body: String,
}

impl Response {
    pub fn html(body: String) -> Self {
        Self {
            status: "200 OK",
            media_type: "text/html; charset=utf-8",
            body,
        }
    }

    pub fn text(status: &'static str, body: &str) -> Self {
        Self {
            status,
            media_type: "text/plain; charset=utf-8",
            body: body.to_string(),
        }
    }

    /// In one write, so that it leaves in one packet.
    pub fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.status,
            self.media_type,
            self.body.len()
        );
        to.write_all((head + &self.body).as_bytes())
    }
}
