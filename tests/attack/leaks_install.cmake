# cmake -DSOURCE=<this folder> -DCOPY=<folder beside the copied client> -P leaks_install.cmake
cmake_minimum_required(VERSION 3.25)
file(GLOB files ${SOURCE}/leaks_*.mjs ${SOURCE}/attack_A5*.mjs ${SOURCE}/attack_A72*.mjs)
file(COPY ${files} DESTINATION ${COPY})
