# How each codec library is built: static, position-independent, without programs, into $CODECS.
# Sourced by build.sh. A function begins in the folder of the unpacked source, which it may fill.

# Every section by itself, so that the linker can drop unused code; no path of this machine in __FILE__.
SECTIONS="-fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -ffile-prefix-map=$WORK=."
# C only: no exception passes through it, and its tables would take a megabyte.
NO_UNWIND="-fno-asynchronous-unwind-tables -fno-unwind-tables"
C_FLAGS="$SECTIONS $NO_UNWIND"

with_cmake() { # folder, options...
  local folder=$1 platform=(); shift
  [ -z "$CROSS" ] || platform=(-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$ARCH")
  cmake -S "$folder" -B objects -G Ninja "${platform[@]}" \
    -DCMAKE_C_COMPILER="${CROSS}gcc" -DCMAKE_CXX_COMPILER="${CROSS}g++" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$CODECS" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF "$@"
  ninja -C objects -j"$JOBS" install
}

make_x264() { # 8 bit only: nothing here encodes more, and it saves a megabyte
  ./configure --prefix="$CODECS" --host="$TRIPLE" --cross-prefix="$CROSS" \
    --enable-static --enable-pic --disable-cli --disable-opencl --disable-avs \
    --disable-swscale --disable-lavf --disable-ffms --disable-gpac --disable-lsmash --bit-depth=8 \
    --chroma-format=all --extra-cflags="$C_FLAGS"
  make -j"$JOBS"
  make install
}

make_x265() { # its loops are in assembly: -O3 and vectorised C beside it take half a megabyte and no less time
  with_cmake source -DCMAKE_C_FLAGS="$SECTIONS" -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
    -DCMAKE_CXX_FLAGS="$SECTIONS -fvisibility-inlines-hidden -fno-tree-vectorize" \
    -DENABLE_SHARED=OFF -DENABLE_CLI=OFF -DENABLE_PIC=ON -DENABLE_LIBNUMA=OFF
}

make_openh264() {
  local flags=(OS=linux ARCH="$ARCH" CC="${CROSS}gcc" CXX="${CROSS}g++" AR="${CROSS}ar"
    BUILDTYPE=Release PREFIX="$CODECS" LIBDIR_NAME=lib CFLAGS_OPT="-O3 $SECTIONS $NO_UNWIND -fno-exceptions")
  make -j"$JOBS" "${flags[@]}" libopenh264.a
  make "${flags[@]}" install-static
}

make_kvazaar() {
  with_cmake . -DCMAKE_C_FLAGS="$C_FLAGS" -DBUILD_TESTS=OFF -DBUILD_KVAZAAR_BINARY=OFF
  # Its CMake build leaves this empty.
  sed -i 's/^Libs.private:.*/Libs.private: -lm -lpthread/' "$CODECS/lib/pkgconfig/kvazaar.pc"
}

make_libvpx() { # the encoders only: FFmpeg's own decoders are as fast
  mkdir objects && cd objects
  local as=()
  [ "$ARCH" != x86_64 ] || as=(--as=nasm)
  CROSS=$CROSS ../configure --prefix="$CODECS" --target="${ARCH/aarch64/arm64}-linux-gcc" "${as[@]}" \
    --enable-pic --enable-static --disable-shared --disable-examples --disable-tools --disable-docs \
    --disable-unit-tests --disable-webm-io --disable-libyuv --disable-vp8 --disable-vp9-decoder \
    --enable-runtime-cpu-detect --extra-cflags="$C_FLAGS"
  sed -i "s#$CODECS#/codecs#g; s#$WORK#/src#g" vpx_config.c
  make -j"$JOBS"
  make install
}

make_svt_av1() { # -O2 without AVX-512: 2 MB less, 8 % slower
  # Code that runs once for an encoder or a picture need not be fast.
  sed -i '1i #pragma GCC optimize ("Os")' \
    Source/Lib/*/Codec/{common_dsp_rtcd,aom_dsp_rtcd,EbModeDecisionConfigurationProcess}.c
  with_cmake . -DCMAKE_C_FLAGS="$C_FLAGS" -DCMAKE_C_FLAGS_RELEASE="-O2 -DNDEBUG" -DBUILD_APPS=OFF -DBUILD_DEC=OFF \
    -DBUILD_TESTING=OFF -DNATIVE=OFF -DSVT_AV1_LTO=OFF -DREPRODUCIBLE_BUILDS=ON -DENABLE_AVX512=OFF -DENABLE_NASM=ON
}

make_dav1d() {
  local platform=()
  if [ -n "$CROSS" ]; then
    platform=(--cross-file cross.ini)
    cat >cross.ini <<END
[binaries]
c = '${CROSS}gcc'
ar = '${CROSS}ar'
strip = '${CROSS}strip'
[host_machine]
system = 'linux'
cpu_family = '$ARCH'
cpu = '$ARCH'
endian = 'little'
END
  fi
  meson setup objects . "${platform[@]}" -Dc_args="$C_FLAGS" --prefix="$CODECS" --libdir=lib \
    --buildtype=release -Doptimization=2 --default-library=static -Db_staticpic=true \
    -Denable_tools=false -Denable_tests=false -Denable_examples=false
  ninja -C objects -j"$JOBS" install
}
