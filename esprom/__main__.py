# SPDX-License-Identifier: Apache-2.0
"""`python -m esprom` is `esprom`."""

from esprom.cli.entry import main

if __name__ == "__main__":
    main()
