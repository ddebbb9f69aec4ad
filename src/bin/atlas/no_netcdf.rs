//! The commands for NetCDF files in a tool that was built without them.

use crate::Outcome;
use crate::args::{Export, Import};
use crate::output::{Failure, Out};

pub fn import(_: &mut Out, _: &Import) -> Outcome {
    Err(absent("import"))
}

pub fn export(_: &mut Out, _: &Export) -> Outcome {
    Err(absent("export"))
}

fn absent(command: &str) -> Failure {
    Failure::other(format!(
        "this tool was built without NetCDF, which `atlas {command}` needs: build it with --features netcdf, or by \
         `make tool`, where libnetcdf is with its headers"
    ))
}
