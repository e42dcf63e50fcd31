#!/usr/bin/env node
import { runCommand } from "./run-command.node.js";

void runCommand();
