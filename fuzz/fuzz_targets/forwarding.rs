#![no_main]

clocked_lanes_fuzz::target!(clocked_lanes_fuzz::forwarding::Program);
