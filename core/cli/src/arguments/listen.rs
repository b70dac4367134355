//! Where a page is served, and to whom.

use std::net::SocketAddr;

use clap::Args;

#[derive(Args, Clone, Debug, Default)]
pub struct Listening {
    /// Address and port to listen on [default: 127.0.0.1:8077]
    #[arg(long, env = "SLUICE_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// What visitors must know; needed when listening to other machines
    #[arg(long, env = "SLUICE_TOKEN", value_name = "TEXT")]
    pub token: Option<String>,
    /// Let everybody in who reaches this machine
    #[arg(long, conflicts_with = "token")]
    pub no_token: bool,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
}
